use tapeline_spec::{Args, Diagnostic};

use super::{STEPS, length};
use crate::{Phase, ScheduleDef};

/// A constant factor of 1.
pub(crate) const CONSTANT: ScheduleDef = ScheduleDef {
    name: "constant",
    about: "constant learning rate",
    args: &[STEPS.info()],
    examples: &["constant", "constant(100) cosine"],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    Ok(Phase::new(length(args.get(STEPS)), |_, _| 1.0))
}
