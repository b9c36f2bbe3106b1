use std::f64::consts::PI;

use tapeline_spec::{Arg, Args, Diagnostic};

use super::{STEPS, length};
use crate::{Phase, ScheduleDef};

const MIN: Arg<f64> = Arg::new("min", "factor at the end")
    .keyword_only()
    .default(0.0)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// *min + (1 − min)·(1 + cos(π·s/n))/2*.
///
/// Sources: Loshchilov, Hutter 2017, [*SGDR*](https://arxiv.org/abs/1608.03983); [PyTorch's
/// `CosineAnnealingLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html),
/// which rises again after its end.
pub(crate) const COSINE: ScheduleDef = ScheduleDef {
    name: "cosine",
    about: "cosine annealing from 1 to `min`",
    args: &[STEPS.info(), MIN.info()],
    examples: &["cosine", "warmup(500) cosine", "cosine(100, min=0.1)"],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let min = args.get(MIN);
    Ok(Phase::new(length(args.get(STEPS)), move |step, steps| {
        let share = step as f64 / steps as f64;
        min + (1.0 - min) * (1.0 + (PI * share).cos()) / 2.0
    }))
}
