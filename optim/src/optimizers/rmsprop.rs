use tapeline_spec::{Arg, Args, Diagnostic};

use super::{EPS, MOMENTUM};
use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, L2, Momentum, ScaleByLr, ScaleByRms},
};

const LR: Arg<f64> = super::LR.default(0.01);
const ALPHA: Arg<f64> = Arg::new("alpha", "decay rate of the running mean of g²")
    .keyword_only()
    .default(0.99)
    .from(0.0)
    .below(1.0);
const CENTERED: Arg<bool> = Arg::new("centered", "whether to divide by the root of the variance")
    .keyword_only()
    .default(false);

/// *g = g + λ·p*, then RMSprop, then momentum, then *p = p − lr·g*:
/// [PyTorch's `RMSprop`](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html).
pub(crate) const RMSPROP: OptimizerDef = OptimizerDef {
    name: "rmsprop",
    about: "gradients divided by the root of a running mean of their squares, with L2 weight decay",
    args: &[
        LR.info(),
        ALPHA.info(),
        EPS.info(),
        MOMENTUM.info(),
        CENTERED.info(),
        L2.info(),
        DECAY_BIASES.info(),
    ],
    examples: &[
        "rmsprop(lr=0.001)",
        "rmsprop(lr=0.001, alpha=0.9, eps=1e-6, momentum=0.5, centered=true, weight_decay=0.005)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let rms = ScaleByRms {
        alpha: args.get(ALPHA),
        eps: args.get(EPS),
        centered: args.get(CENTERED),
    };
    let momentum = Momentum {
        momentum: args.get(MOMENTUM),
        dampening: 0.0,
        nesterov: false,
    };
    let decay = AddDecay::of(args, L2).chain();
    Ok(decay
        .then(rms)
        .join(momentum.chain())
        .then(ScaleByLr(args.get(LR))))
}
