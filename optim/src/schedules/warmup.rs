use tapeline_spec::{Arg, Args, Diagnostic};

use crate::{Phase, ScheduleDef};

const STEPS: Arg<usize> = Arg::new("steps", "number of steps").from(1).tried(1..=20);

/// *min(1, (s + 1)/n)*: the first step already has a factor above 0, and the last one has a factor
/// of 1.
///
/// [PyTorch's
/// `LinearLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html)
/// with `start_factor=1/n, total_iters=n-1`.
pub(crate) const WARMUP: ScheduleDef = ScheduleDef {
    name: "warmup",
    about: "linear rise to 1",
    args: &[STEPS.info()],
    examples: &["warmup(500)", "warmup(500) cosine"],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let steps = args.get(STEPS) as u64;
    Ok(Phase::new(Some(steps), |step, steps| {
        ((step + 1) as f64 / steps as f64).min(1.0)
    }))
}
