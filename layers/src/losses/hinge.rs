//! Multi-class margin loss.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use crate::{Element, Loss, LossDef, Takes, one_hot};

const MARGIN: Arg<f64> = Arg::new(
    "margin",
    "required margin of the target class over the others",
)
.keyword_only()
.default(1.0)
.from(0.0)
.tried(0.0..=2.0);
const P: Arg<usize> = Arg::new("p", "exponent of the margin violations")
    .keyword_only()
    .default(1)
    .range(1..=2)
    .tried(1..=2);

/// `Σ_{c ≠ t} max(0, margin − z_t + z_c)^p / classes`, averaged over the batch, with `t` the target
/// class. The derivative at the margin is 0. (Crammer and Singer 2001; `torch.nn.MultiMarginLoss`)
pub const HINGE: LossDef = LossDef {
    name: "hinge",
    aliases: &["multi_margin"],
    about: "multi-class margin loss of logits, averaged over batch and classes",
    args: &[MARGIN.info(), P.info()],
    examples: &["hinge", "hinge(margin=0.5, p=2)"],
    takes: Takes::Logits,
    build: |args| {
        Box::new(Hinge {
            margin: args.get(MARGIN),
            p: args.get(P),
        })
    },
    ..LossDef::BASE
};

struct Hinge {
    margin: f64,
    p: usize,
}

impl<T: Element> Loss<T> for Hinge {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        let target = one_hot(output, targets);
        let right = (output * target).sum_axis(1).reshape(&[targets.len(), 1]);
        let lacking = (output - right + self.margin).relu() * (1.0 - target);
        match self.p {
            1 => lacking.mean(),
            _ => lacking.square().mean(),
        }
    }
}
