use tapeline_spec::{Arg, Args, Diagnostic};

use super::FACTOR;
use crate::{Phase, ScheduleDef};

const MILESTONES: Arg<Vec<usize>> =
    Arg::new("milestones", "steps at which the learning rate drops")
        .from(1)
        .tried(1..=20);

/// *factor^k*, where *k* is the number of milestones reached by step *s*, for the rest of the
/// training run: [PyTorch's
/// `MultiStepLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html),
/// counted in steps.
pub(crate) const MULTISTEP: ScheduleDef = ScheduleDef {
    name: "multistep",
    about: "multiplies the learning rate by `factor` at given steps",
    args: &[MILESTONES.info(), FACTOR.info()],
    examples: &[
        "multistep((3000, 4500))",
        "warmup(100) multistep((900, 1200), factor=0.5)",
    ],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let (milestones, factor) = (args.get(MILESTONES), args.get(FACTOR));
    Ok(Phase::new(None, move |step, _| {
        let reached = milestones.iter().filter(|&&at| at as u64 <= step);
        factor.powf(reached.count() as f64)
    }))
}
