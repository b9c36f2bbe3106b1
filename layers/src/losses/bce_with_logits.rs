//! Binary cross-entropy of each class by itself.

use tapeline_tensor::Var;

use crate::{
    Element, Loss, LossDef, Takes,
    layers::activations::{logistic, softplus},
    one_hot,
};

/// The mean over all elements of `−q ln σ(z) − (1 − q) ln(1 − σ(z))`, with `q` the one-hot target: each class is told from all others, by
/// itself. Takes logits. (`torch.nn.BCEWithLogitsLoss`)
pub const BCE_WITH_LOGITS: LossDef = LossDef {
    name: "bce_with_logits",
    about: "binary cross-entropy of each class by itself, of logits: mean over batch and classes",
    examples: &["bce_with_logits"],
    takes: Takes::Logits,
    build: |_| Box::new(BceWithLogits),
    ..LossDef::BASE
};

struct BceWithLogits;

impl<T: Element> Loss<T> for BceWithLogits {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        // −ln σ(z) at the target and −ln(1 − σ(z)) = −ln σ(−z) elsewhere: nothing large is taken from another.
        let against = output * (one_hot(output, targets) * T::of(-2.0) + T::one());
        let slope = |g: T, x: T| g * logistic(x);
        against.map("softplus", softplus, slope).mean()
    }
}
