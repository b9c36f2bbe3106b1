use tapeline_spec::{Arg, Args, Diagnostic};

use super::{BETAS, EPS, LR, MOMENTUM, NESTEROV};
use crate::{
    AnyTransform, Chain, OptimizerDef,
    transforms::{
        AddDecay, DECAY_BIASES, DECOUPLED, MatrixScale, Momentum, Only, Orthogonalize, ScaleByAdam,
        ScaleByLr,
    },
};

const MUON_MOMENTUM: Arg<f64> = MOMENTUM.default(0.95);
const MUON_NESTEROV: Arg<bool> = NESTEROV.default(true);
const WEIGHT_DECAY: Arg<f64> = DECOUPLED.keyword_only().default(0.1);
const ADJUST: Arg<&str> = Arg::new("adjust_lr_fn", "how `lr` depends on the shape of a matrix")
    .keyword_only()
    .choices(&["original", "match_rms_adamw"])
    .default("original");
const ADAMW_LR: Arg<f64> = Arg::new("adamw_lr", "learning rate of biases and scales")
    .keyword_only()
    .default(0.001)
    .above(0.0);

/// For weight matrices and kernels, momentum, then [`Orthogonalize`]; for biases and scales, Adam.
/// Then for both *g = g + λ·p*, and *p = p − lr·g*, each with its own `lr`.
///
/// Sources: Jordan et al. 2024, [*Muon: an optimizer for hidden layers in neural
/// networks*](https://kellerjordan.github.io/posts/muon/); [PyTorch's
/// `Muon`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html), which only
/// accepts two-dimensional matrices and leaves other parameters to a second optimizer; here,
/// kernels of convolutions are treated as matrices `[out, rest]`. PyTorch's momentum is a running
/// mean, this one a sum; they differ by a factor, which the orthogonalization removes.
pub(crate) const MUON: OptimizerDef = OptimizerDef {
    name: "muon",
    about: "orthogonalized momentum for matrices, AdamW for other parameters, with decoupled weight decay",
    args: &[
        LR.info(),
        MUON_MOMENTUM.info(),
        MUON_NESTEROV.info(),
        WEIGHT_DECAY.info(),
        DECAY_BIASES.info(),
        ADJUST.info(),
        ADAMW_LR.info(),
        BETAS.info(),
        EPS.info(),
    ],
    examples: &[
        "muon(lr=0.02)",
        "muon(lr=0.01, momentum=0.9, nesterov=false, weight_decay=0.01, adamw_lr=0.01)",
        "muon(lr=0.01, adjust_lr_fn=match_rms_adamw)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let momentum = Momentum {
        momentum: args.get(MUON_MOMENTUM),
        dampening: 0.0,
        nesterov: args.get(MUON_NESTEROV),
    };
    let orthogonalize = Orthogonalize {
        scale: match args.get(ADJUST) {
            "match_rms_adamw" => MatrixScale::MatchRmsAdamw,
            _ => MatrixScale::Original,
        },
    };
    let adam = ScaleByAdam {
        betas: args.get(BETAS),
        eps: args.get(EPS),
    };
    let decay = AddDecay::of(args, WEIGHT_DECAY).chain();
    Ok(Chain::new()
        .then(matrices(momentum))
        .then(orthogonalize)
        .then(others(adam))
        .join(decay)
        .then(matrices(ScaleByLr(args.get(LR))))
        .then(others(ScaleByLr(args.get(ADAMW_LR)))))
}

fn matrices<X: AnyTransform>(transform: X) -> Only<X> {
    Only {
        matrices: true,
        transform,
    }
}

fn others<X: AnyTransform>(transform: X) -> Only<X> {
    Only {
        matrices: false,
        transform,
    }
}
