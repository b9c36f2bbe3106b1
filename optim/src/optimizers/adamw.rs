use tapeline_spec::{Arg, Args, Diagnostic};

use super::{BETAS, EPS, LR};
use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, DECOUPLED, ScaleByAdam, ScaleByLr},
};

const WEIGHT_DECAY: Arg<f64> = DECOUPLED.keyword_only().default(0.01);

/// Adam, then *g = g + λ·p*, then *p = p − lr·g*: the decay doesn't pass through Adam's scaling.
///
/// Sources: Loshchilov, Hutter 2019, [*Decoupled weight decay
/// regularization*](https://arxiv.org/abs/1711.05101); [PyTorch's
/// `AdamW`](https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html), which
/// multiplies the weight by *1 − lr·λ* first; the results are equal up to rounding.
pub(crate) const ADAMW: OptimizerDef = OptimizerDef {
    name: "adamw",
    about: "Adam, with decoupled weight decay",
    args: &[
        LR.info(),
        BETAS.info(),
        EPS.info(),
        WEIGHT_DECAY.info(),
        DECAY_BIASES.info(),
    ],
    examples: &[
        "adamw",
        "adamw(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)",
        "adamw(lr=0.01, weight_decay=0.1, decay_biases=false)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let adam = ScaleByAdam {
        betas: args.get(BETAS),
        eps: args.get(EPS),
    };
    let decay = AddDecay::of(args, WEIGHT_DECAY).chain();
    Ok(Chain::new()
        .then(adam)
        .join(decay)
        .then(ScaleByLr(args.get(LR))))
}
