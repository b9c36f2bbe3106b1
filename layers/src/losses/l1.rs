//! Mean absolute error to the one-hot target.

use tapeline_tensor::Var;

use crate::{Element, Loss, LossDef, SoftLoss, one_hot};

/// The mean over all elements of `|y − onehot|`. Takes any output. The derivative at 0 is 0.
/// (`torch.nn.L1Loss`)
pub const L1: LossDef = LossDef {
    name: "l1",
    aliases: &["mae"],
    about: "mean absolute error to the one-hot target, over batch and classes",
    examples: &["l1"],
    build: |_| Box::new(L1Loss),
    ..LossDef::BASE
};

struct L1Loss;

impl<T: Element> Loss<T> for L1Loss {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        SoftLoss::value(self, output, one_hot(output, targets))
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }
}

impl<T: Element> SoftLoss<T> for L1Loss {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        (output - shares).abs().mean()
    }
}
