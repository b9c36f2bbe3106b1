//! Half the squared distance to the one-hot target.

use tapeline_tensor::Var;

use crate::{Element, Loss, LossDef, SoftLoss, one_hot};

/// `½ Σ_c (y_c − onehot_c)²`, averaged over the batch. Takes any output.
pub const EUCLIDEAN: LossDef = LossDef {
    name: "euclidean",
    about: "half the squared distance to the one-hot target, averaged over the batch",
    examples: &["euclidean"],
    build: |_| Box::new(Euclidean),
    ..LossDef::BASE
};

struct Euclidean;

impl<T: Element> Loss<T> for Euclidean {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        SoftLoss::value(self, output, one_hot(output, targets))
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }
}

impl<T: Element> SoftLoss<T> for Euclidean {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        let samples = output.shape()[0];
        (output - shares).square().sum() / (2.0 * samples as f64)
    }
}
