//! Half the squared distance to the one-hot target.

use tapeline_tensor::Var;

use crate::{Element, Loss, LossDef, one_hot};

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
        (output - one_hot(output, targets)).square().sum() / T::of(2.0 * targets.len() as f64)
    }
}
