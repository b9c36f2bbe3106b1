use tapeline_spec::{Arg, Args, Diagnostic};

use super::FACTOR;
use crate::{Phase, ScheduleDef};

const PATIENCE: Arg<usize> = Arg::new("patience", "number of epochs without progress to tolerate")
    .keyword_only()
    .default(10)
    .tried(0..=5);
const THRESHOLD: Arg<f64> = Arg::new(
    "threshold",
    "minimum relative decrease of the loss that counts as progress",
)
.keyword_only()
.default(1e-4)
.from(0.0)
.below(1.0)
.tried(0.0..=0.1);
const MIN: Arg<f64> = Arg::new("min", "minimum factor")
    .keyword_only()
    .default(0.0)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// Starts at 1. An epoch makes progress if its validation loss is below *(1 − threshold)* times the
/// best so far; after every *patience + 1* consecutive epochs without progress, the factor becomes
/// *max(factor·old, min)*. The phase lasts for the rest of the training run, and only counts epochs
/// that end after its start.
///
/// [PyTorch's
/// `ReduceLROnPlateau`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html)
/// with `mode="min"`, `threshold_mode="rel"`, `cooldown=0`, `eps=0`.
pub(crate) const PLATEAU: ScheduleDef = ScheduleDef {
    name: "plateau",
    about: "multiplies the learning rate by `factor` when the validation loss stops improving",
    args: &[FACTOR.info(), PATIENCE.info(), THRESHOLD.info(), MIN.info()],
    examples: &[
        "plateau",
        "warmup(100) plateau(factor=0.5, patience=2, threshold=0.01, min=0.01)",
    ],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let (factor, min) = (args.get(FACTOR), args.get(MIN));
    let (patience, threshold) = (args.get(PATIENCE), args.get(THRESHOLD));
    let begin = Progress {
        factor: 1.0,
        best: f64::INFINITY,
        stale: 0,
    };
    Ok(Phase::told(1.0, begin, move |so_far, loss| {
        if loss < so_far.best * (1.0 - threshold) {
            (so_far.best, so_far.stale) = (loss, 0);
        } else {
            so_far.stale += 1;
        }
        if so_far.stale > patience {
            (so_far.factor, so_far.stale) = ((factor * so_far.factor).max(min), 0);
        }
        so_far.factor
    }))
}

/// The state after the losses so far.
#[derive(Clone)]
struct Progress {
    factor: f64,
    best: f64,
    /// Number of consecutive epochs without progress.
    stale: usize,
}
