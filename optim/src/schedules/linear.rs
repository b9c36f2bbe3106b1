use tapeline_spec::{Arg, Args, Diagnostic};

use super::{STEPS, length};
use crate::{Phase, ScheduleDef};

const FROM: Arg<f64> = Arg::new("from", "factor at the start")
    .keyword_only()
    .default(1.0)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);
const TO: Arg<f64> = Arg::new("to", "factor at the end")
    .keyword_only()
    .default(0.0)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// *from + (to − from)·s/n*: [PyTorch's
/// `LinearLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html)
/// with `start_factor=from, end_factor=to, total_iters=n`, whose defaults rise from 1/3 to 1.
pub(crate) const LINEAR: ScheduleDef = ScheduleDef {
    name: "linear",
    about: "linear interpolation between two factors",
    args: &[STEPS.info(), FROM.info(), TO.info()],
    examples: &[
        "linear",
        "warmup(500) linear(to=0.1)",
        "linear(100, from=0.1, to=1) cosine",
    ],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let (from, to) = (args.get(FROM), args.get(TO));
    Ok(Phase::new(length(args.get(STEPS)), move |step, steps| {
        let share = step as f64 / steps as f64;
        from * (1.0 - share) + to * share
    }))
}
