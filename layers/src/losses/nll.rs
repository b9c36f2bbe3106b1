//! Negative log-likelihood.

use ndarray::Array2;
use tapeline_spec::{Arg, NumbersOrWord};
use tapeline_tensor::{Tensor, Var};

use super::weights::{self, LARGEST, SMALLEST, Weights};
use crate::{Element, Loss, LossDef, SoftLoss, Takes, loss::classes};

/// Must be positive, since a batch with a total weight of 0 has no mean.
pub(super) const WEIGHT: Arg<NumbersOrWord> = weights::argument(
    "weight",
    "weight of each class, one value for all, or inversely proportional to the class counts; also `weights`",
)
.alias("weights")
.range(SMALLEST..=LARGEST)
.tried(0.25..=4.0);

/// `−Σ w_t y_t / Σ w_t` over the samples, with `t` the target class of a sample, `y` its
/// log-probabilities and `w` the `weight`. For networks that end with `log_softmax`.
/// (`torch.nn.NLLLoss`)
pub const NLL: LossDef = LossDef {
    name: "nll",
    about: "negative log-likelihood of log-probabilities",
    args: &[WEIGHT.info()],
    examples: &["nll", "nll(weight=(0.5, 2, 1))", "nll(weight=balanced)"],
    takes: Takes::LogProbabilities,
    build: |args| {
        Box::new(Nll {
            weight: Weights::new("weight", args.get(WEIGHT)),
        })
    },
    for_counts: |args, counts| weights::balance(args, "weight", WEIGHT, counts),
    ..LossDef::BASE
};

struct Nll {
    weight: Weights,
}

impl<T: Element> Loss<T> for Nll {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        smoothed(output, targets, &self.weight, 0.0)
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

impl<T: Element> SoftLoss<T> for Nll {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        weighted(output, shares, &self.weight)
    }
}

/// Computes `−Σ_c w_c q_c y_c` of log-probabilities `y` and shares `q`, averaged over the batch. As
/// for single classes, one weight for all cancels out.
pub(super) fn weighted<'t, T: Element>(
    log_probabilities: Var<'t, T>,
    shares: Var<'t, T>,
    weight: &Weights,
) -> Var<'t, T> {
    let [samples, classes] = log_probabilities.shape()[..] else {
        panic!("a loss expects an output of [n, classes]");
    };
    let terms = log_probabilities * shares;
    let terms = match weight.one_for_all() {
        true => terms,
        false => {
            let weights = weight.each(classes).into_iter().map(T::of).collect();
            let weights = Tensor::from_shape_vec(vec![1, classes], weights)
                .unwrap_or_else(|e| unreachable!("a weight for each class: {e}"));
            terms * log_probabilities.tape().constant(weights)
        }
    };
    -terms.sum() / samples as f64
}

/// Computes `−Σ ((1 − smoothing) w_t y_t + smoothing/classes Σ_c w_c y_c) / Σ w_t` of
/// log-probabilities `y`.
pub(super) fn smoothed<'t, T: Element>(
    log_probabilities: Var<'t, T>,
    targets: &[usize],
    weight: &Weights,
    smoothing: f64,
) -> Var<'t, T> {
    let classes = classes(log_probabilities, targets);
    let weight = weight.each(classes);
    let total: f64 = targets.iter().map(|&target| weight[target]).sum();
    let share = |class: usize, part: f64| T::of(part * weight[class] / total);
    let mut shares = Array2::from_shape_fn([targets.len(), classes], |(_, class)| {
        share(class, smoothing / classes as f64)
    });
    for (mut row, &target) in shares.rows_mut().into_iter().zip(targets) {
        row[target] += share(target, 1.0 - smoothing);
    }
    let shares = Tensor::from(shares.into_dyn());
    -(log_probabilities * log_probabilities.tape().constant(shares)).sum()
}
