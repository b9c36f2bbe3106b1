use tapeline_spec::{Arg, Args, Diagnostic};

use super::FACTOR;
use crate::{Phase, ScheduleDef};

const EVERY: Arg<usize> = Arg::new("every", "number of steps between drops")
    .from(1)
    .tried(1..=20);

/// *factor^⌊s / every⌋*, for the rest of the training run: [PyTorch's
/// `StepLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html),
/// counted in steps.
pub(crate) const STEP: ScheduleDef = ScheduleDef {
    name: "step",
    about: "multiplies the learning rate by `factor` every `every` steps",
    args: &[EVERY.info(), FACTOR.info()],
    examples: &["step(1200)", "warmup(100) step(1200, factor=0.5)"],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let (every, factor) = (args.get(EVERY) as u64, args.get(FACTOR));
    Ok(Phase::new(None, move |step, _| {
        factor.powf((step / every) as f64)
    }))
}
