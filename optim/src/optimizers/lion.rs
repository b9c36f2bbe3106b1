use tapeline_spec::{Arg, Args, Diagnostic};

use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, DECOUPLED, ScaleByLion, ScaleByLr},
};

const LR: Arg<f64> = super::LR.default(1e-4);
const BETAS: Arg<[f64; 2]> = Arg::new(
    "betas",
    "weight of the running mean in a step, and its decay rate",
)
.keyword_only()
.default([0.9, 0.99])
.from(0.0)
.below(1.0);
const WEIGHT_DECAY: Arg<f64> = DECOUPLED.keyword_only().default(0.0);

/// The sign of a running mean, then *g = g + λ·p*, then *p = p − lr·g*.
///
/// Source: Chen et al. 2023, [*Symbolic discovery of optimization
/// algorithms*](https://arxiv.org/abs/2302.06675). All elements move by `lr`, so `lr` should be
/// three to ten times smaller than for Adam, and the weight decay larger by the same factor.
pub(crate) const LION: OptimizerDef = OptimizerDef {
    name: "lion",
    about: "sign of a running mean of the gradients, with decoupled weight decay",
    args: &[
        LR.info(),
        BETAS.info(),
        WEIGHT_DECAY.info(),
        DECAY_BIASES.info(),
    ],
    examples: &[
        "lion(lr=0.001)",
        "lion(lr=0.002, betas=(0.8, 0.95), weight_decay=0.01)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let lion = ScaleByLion {
        betas: args.get(BETAS),
    };
    let decay = AddDecay::of(args, WEIGHT_DECAY).chain();
    Ok(Chain::new()
        .then(lion)
        .join(decay)
        .then(ScaleByLr(args.get(LR))))
}
