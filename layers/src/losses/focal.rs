//! Focal loss.

use tapeline_spec::{Arg, NumbersOrWord};
use tapeline_tensor::{Scalar, Tensor, Var};

use super::weights::{self, LARGEST, Weights};
use crate::{Element, Loss, LossDef, Takes, one_hot};

const GAMMA: Arg<f64> = Arg::new(
    "gamma",
    "focusing exponent; larger values down-weight more, 0 gives the cross-entropy",
)
.keyword_only()
.default(2.0)
.range(0.0..=100.0)
.tried(0.0..=4.0);
const ALPHA: Arg<NumbersOrWord> = weights::argument(
    "alpha",
    "weight of each class, one value for all, or inversely proportional to the class counts",
)
.keyword_only()
.range(0.0..=LARGEST)
.tried(0.0..=2.0);

/// `−α_t (1 − p_t)^γ ln p_t`, averaged over the batch, with `p` the softmax of the output and `t`
/// the target class. Takes logits. (Lin et al. 2017, with softmax instead of their sigmoid)
pub const FOCAL: LossDef = LossDef {
    name: "focal",
    about: "focal loss of logits, a cross-entropy that down-weights well-classified samples",
    args: &[GAMMA.info(), ALPHA.info()],
    examples: &[
        "focal",
        "focal(gamma=0.5, alpha=(0.5, 2, 1))",
        "focal(alpha=balanced)",
    ],
    takes: Takes::Logits,
    build: |args| {
        Box::new(Focal {
            gamma: args.get(GAMMA),
            alpha: Weights::new("alpha", args.get(ALPHA)),
        })
    },
    for_counts: |args, counts| weights::balance(args, "alpha", ALPHA, counts),
    ..LossDef::BASE
};

struct Focal {
    gamma: f64,
    alpha: Weights,
}

impl<T: Element> Loss<T> for Focal {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        let target = one_hot(output, targets);
        let ln_p = (output.log_softmax(1) * target).sum_axis(1);
        let alpha = self.alpha.each(output.shape()[1]);
        let alpha = targets.iter().map(|&target| T::of(alpha[target])).collect();
        (focal(ln_p, self.gamma) * output.tape().constant(column(alpha))).mean()
    }

    fn expect_classes(&self, classes: usize) -> Result<(), String> {
        self.alpha.expect_classes(classes)
    }
}

fn column<T: Scalar>(values: Vec<T>) -> Tensor<T> {
    Tensor::from_shape_vec(vec![values.len()], values)
        .unwrap_or_else(|e| unreachable!("the shape has this length: {e}"))
}

/// Computes `−(1 − eˣ)^γ x`, where `x` are logarithms of probabilities.
fn focal<T: Scalar>(ln_p: Var<'_, T>, gamma: f64) -> Var<'_, T> {
    let gamma = T::of(gamma);
    let wrong = |x: T| -x.exp_m1();
    let value = move |x: T| -wrong(x).powf(gamma) * x;
    // The derivative is −(1 − p)^γ (1 + γ r), where r = −x p / (1 − p) tends to 1 for p → 1.
    let slope = move |g: T, x: T| {
        let q = wrong(x);
        let ratio = if q == T::zero() {
            T::one()
        } else {
            -x * x.exp() / q
        };
        -g * q.powf(gamma) * (T::one() + gamma * ratio)
    };
    ln_p.map("focal", value, slope)
}
