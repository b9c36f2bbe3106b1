use tapeline_spec::{Args, Diagnostic};

use super::{BETAS, EPS, LR};
use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, L2, ScaleByAdam, ScaleByLr},
};

/// *g = g + λ·p*, then Adam, then *p = p − lr·g*: [PyTorch's
/// `Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
pub(crate) const ADAM: OptimizerDef = OptimizerDef {
    name: "adam",
    about: "Adam, with L2 weight decay",
    args: &[
        LR.info(),
        BETAS.info(),
        EPS.info(),
        L2.info(),
        DECAY_BIASES.info(),
    ],
    examples: &[
        "adam",
        "adam(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.005)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let adam = ScaleByAdam {
        betas: args.get(BETAS),
        eps: args.get(EPS),
    };
    let decay = AddDecay::of(args, L2).chain();
    Ok(decay.then(adam).then(ScaleByLr(args.get(LR))))
}
