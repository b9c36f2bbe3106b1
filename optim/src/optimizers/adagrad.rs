use tapeline_spec::{Arg, Args, Diagnostic};

use crate::{
    Chain, OptimizerDef,
    transforms::{AddDecay, DECAY_BIASES, L2, ScaleByAdagrad, ScaleByLr},
};

const LR: Arg<f64> = super::LR.default(0.01);
const LR_DECAY: Arg<f64> = Arg::new("lr_decay", "step t is divided by 1 + (t − 1)·lr_decay")
    .keyword_only()
    .default(0.0)
    .from(0.0);
const INITIAL: Arg<f64> = Arg::new(
    "initial_accumulator_value",
    "initial value of the sum of g²",
)
.keyword_only()
.default(0.0)
.from(0.0);
const EPS: Arg<f64> = super::EPS.default(1e-10);

/// *g = g + λ·p*, then Adagrad, then *p = p − lr·g*:
/// [PyTorch's `Adagrad`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html).
pub(crate) const ADAGRAD: OptimizerDef = OptimizerDef {
    name: "adagrad",
    about: "gradients divided by the root of the sum of their squares, with L2 weight decay",
    args: &[
        LR.info(),
        LR_DECAY.info(),
        L2.info(),
        DECAY_BIASES.info(),
        INITIAL.info(),
        EPS.info(),
    ],
    examples: &[
        "adagrad(lr=0.1)",
        "adagrad(lr=0.5, lr_decay=0.01, weight_decay=0.005, initial_accumulator_value=0.1, eps=1e-6)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let adagrad = ScaleByAdagrad {
        lr_decay: args.get(LR_DECAY),
        initial_accumulator_value: args.get(INITIAL),
        eps: args.get(EPS),
    };
    let decay = AddDecay::of(args, L2).chain();
    Ok(decay.then(adagrad).then(ScaleByLr(args.get(LR))))
}
