use tapeline_spec::{Arg, Args, Diagnostic, Span};

use super::{LR, MOMENTUM, NESTEROV};
use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, L2, Momentum, ScaleByLr},
};

const DAMPENING: Arg<f64> = Arg::new("dampening", "dampening of new gradients")
    .keyword_only()
    .default(0.0)
    .range(0.0..=1.0);

/// *g = g + λ·p*, then momentum, then *p = p − lr·g*: [PyTorch's
/// `SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).
pub(crate) const SGD: OptimizerDef = OptimizerDef {
    name: "sgd",
    about: "stochastic gradient descent, with momentum and L2 weight decay",
    args: &[
        LR.info(),
        MOMENTUM.info(),
        DAMPENING.info(),
        NESTEROV.info(),
        L2.info(),
        DECAY_BIASES.info(),
    ],
    examples: &[
        "sgd",
        "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)",
        "sgd(lr=0.001, momentum=0.9, nesterov=true)",
        "sgd(lr=0.002, momentum=0.8, dampening=0.8)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let momentum = Momentum {
        momentum: args.get(MOMENTUM),
        dampening: args.get(DAMPENING),
        nesterov: args.get(NESTEROV),
    };
    if momentum.nesterov && (momentum.momentum == 0.0 || momentum.dampening > 0.0) {
        let message = "`nesterov` of `sgd` needs a `momentum` above 0 and no `dampening`";
        return Err(Diagnostic::error(Span::default(), message)
            .help("write `sgd(momentum=0.9, nesterov=true)`, or leave `nesterov` out"));
    }
    let decay = AddDecay::of(args, L2).chain();
    Ok(decay.join(momentum.chain()).then(ScaleByLr(args.get(LR))))
}
