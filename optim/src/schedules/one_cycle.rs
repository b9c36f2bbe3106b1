use std::f64::consts::PI;

use tapeline_spec::{Arg, Args, Diagnostic};

use super::{STEPS, length};
use crate::{Phase, ScheduleDef};

const PCT_START: Arg<f64> = Arg::new("pct_start", "fraction of the steps in which it rises")
    .keyword_only()
    .default(0.3)
    .from(0.0)
    .below(1.0)
    .tried(0.0..=0.9);
const DIV_FACTOR: Arg<f64> = Arg::new("div_factor", "inverse of the factor at the start")
    .keyword_only()
    .default(25.0)
    .from(1.0)
    .tried(1.0..=100.0);
const FINAL_DIV_FACTOR: Arg<f64> = Arg::new(
    "final_div_factor",
    "factor at the start divided by the factor at the end",
)
.keyword_only()
.default(1e4)
.from(1.0)
.tried(1.0..=1e5);

/// Rises from *1/div_factor* to 1 at *s = pct_start·n − 1*, then falls to
/// *1/(div_factor·final_div_factor)* at *s = n − 1*; both along half a cosine. So `lr` is the
/// maximum learning rate.
///
/// Sources: Smith, Topin 2017, [*Super-convergence*](https://arxiv.org/abs/1708.07120); [PyTorch's
/// `OneCycleLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html)
/// with `cycle_momentum=False`: the momentum is constant.
pub(crate) const ONE_CYCLE: ScheduleDef = ScheduleDef {
    name: "one_cycle",
    about: "one-cycle policy: rises to 1, then falls far below its start; constant momentum",
    args: &[
        STEPS.info(),
        PCT_START.info(),
        DIV_FACTOR.info(),
        FINAL_DIV_FACTOR.info(),
    ],
    examples: &[
        "one_cycle",
        "one_cycle(1000, pct_start=0.2, div_factor=10, final_div_factor=100)",
    ],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let rising = args.get(PCT_START);
    let start = 1.0 / args.get(DIV_FACTOR);
    let end = start / args.get(FINAL_DIV_FACTOR);
    Ok(Phase::new(length(args.get(STEPS)), move |step, steps| {
        let (step, steps) = (step as f64, steps as f64);
        let top = rising * steps - 1.0;
        if step < top {
            half_cosine(start, 1.0, step / top)
        } else {
            half_cosine(1.0, end, (step - top) / (steps - 1.0 - top))
        }
    }))
}

/// Interpolates from `a` to `b` along half a cosine; constant for `share` above 1.
fn half_cosine(a: f64, b: f64, share: f64) -> f64 {
    b + (a - b) * (1.0 + (PI * share.min(1.0)).cos()) / 2.0
}
