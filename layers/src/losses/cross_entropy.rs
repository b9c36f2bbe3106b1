//! Softmax cross-entropy.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, cross_entropy};

use super::{
    nll::{WEIGHT, smoothed, weighted},
    weights::{self, Weights},
};
use crate::{Element, Loss, LossDef, SoftLoss, Takes};

const LABEL_SMOOTHING: Arg<f64> = Arg::new(
    "label_smoothing",
    "share of the target distributed evenly over all classes",
)
.default(0.0)
.range(0.0..=1.0)
.tried(0.0..=1.0);

/// `−Σ_c w_c q_c ln softmax(z)_c`, summed over the samples and divided by the sum of the weights of
/// their targets. `q` is the one-hot target with `label_smoothing` of it distributed evenly over
/// all classes, and `w` is the `weight`. With mixed targets, `q` has the share of each class, and the
/// sum is divided by the number of samples. Takes logits. (`torch.nn.CrossEntropyLoss`; smoothing:
/// Szegedy et al. 2016)
pub const CROSS_ENTROPY: LossDef = LossDef {
    name: "cross_entropy",
    about: "softmax cross-entropy of logits",
    args: &[LABEL_SMOOTHING.info(), WEIGHT.info()],
    examples: &[
        "cross_entropy",
        "cross_entropy(label_smoothing=0.1)",
        "cross_entropy(weight=(0.5, 2, 1))",
        "cross_entropy(weight=balanced)",
    ],
    takes: Takes::Logits,
    build: |args| {
        Box::new(CrossEntropy {
            smoothing: args.get(LABEL_SMOOTHING),
            weight: Weights::new("weight", args.get(WEIGHT)),
        })
    },
    for_counts: |args, counts| weights::balance(args, "weight", WEIGHT, counts),
    ..LossDef::BASE
};

struct CrossEntropy {
    smoothing: f64,
    weight: Weights,
}

impl<T: Element> Loss<T> for CrossEntropy {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        // A single weight for all classes cancels out.
        if self.weight.one_for_all() {
            return cross_entropy(output, targets, self.smoothing);
        }
        smoothed(output.log_softmax(1), targets, &self.weight, self.smoothing)
    }

    fn weight(&self, targets: &[usize]) -> f64 {
        self.weight.of(targets)
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }

    fn expect_classes(&self, classes: usize) -> Result<(), String> {
        self.weight.expect_classes(classes)
    }
}

impl<T: Element> SoftLoss<T> for CrossEntropy {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        let spread = self.smoothing / output.shape()[1] as f64;
        let shares = shares * (1.0 - self.smoothing) + spread;
        weighted(output.log_softmax(1), shares, &self.weight)
    }
}
