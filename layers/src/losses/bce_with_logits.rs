//! Binary cross-entropy of each class.

use tapeline_tensor::{Var, math};

use crate::{Element, Loss, LossDef, SoftLoss, Takes, one_hot};

/// The mean over all elements of `−q ln σ(z) − (1 − q) ln(1 − σ(z))`, with `q` the one-hot target:
/// one binary classification per class. Takes logits. (`torch.nn.BCEWithLogitsLoss`)
pub const BCE_WITH_LOGITS: LossDef = LossDef {
    name: "bce_with_logits",
    about: "binary cross-entropy of logits for each class, averaged over batch and classes",
    examples: &["bce_with_logits"],
    takes: Takes::Logits,
    build: |_| Box::new(BceWithLogits),
    ..LossDef::BASE
};

struct BceWithLogits;

impl<T: Element> Loss<T> for BceWithLogits {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        // Numerically stable: −ln σ(z) = softplus(−z) at the target, and −ln(1 − σ(z)) =
        // softplus(z) elsewhere.
        let against = output * (1.0 - 2.0 * one_hot(output, targets));
        softplus(against).mean()
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }
}

impl<T: Element> SoftLoss<T> for BceWithLogits {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        (shares * softplus(-output) + (1.0 - shares) * softplus(output)).mean()
    }
}

fn softplus<T: Element>(x: Var<'_, T>) -> Var<'_, T> {
    x.map("softplus", math::softplus, |g, x| g * math::sigmoid(x))
}
