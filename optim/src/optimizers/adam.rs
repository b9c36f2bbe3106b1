use tapeline_spec::{Arg, Args, Diagnostic};

use super::{BETAS, EPS, LR};
use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, ScaleByAdam, ScaleByLr},
};

const WEIGHT_DECAY: Arg<f64> = Arg::new(
    "weight_decay",
    "multiple of the weight added to its gradient (L2)",
)
.default(0.0)
.from(0.0);

/// *g = g + λ·p*, then Adam, then *p = p − lr·g*: [PyTorch's `Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
pub(crate) const ADAM: OptimizerDef = OptimizerDef {
    name: "adam",
    about: "Adam, with L2 weight decay",
    args: &[LR.info(), BETAS.info(), EPS.info(), WEIGHT_DECAY.info()],
    examples: &[
        "adam",
        "adam(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.005)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let mut chain = Chain::new();
    if args.get(WEIGHT_DECAY) > 0.0 {
        chain = chain.then(AddDecay(args.get(WEIGHT_DECAY)));
    }
    let adam = ScaleByAdam {
        betas: args.get(BETAS),
        eps: args.get(EPS),
    };
    Ok(chain.then(adam).then(ScaleByLr(args.get(LR))))
}
