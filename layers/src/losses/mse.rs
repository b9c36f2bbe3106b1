//! Mean squared error to the one-hot target.

use tapeline_tensor::{Var, mse};

use crate::{Element, Loss, LossDef, SoftLoss, one_hot};

/// The mean over all elements of `(y − onehot)²`. Takes any output. (`torch.nn.MSELoss`)
pub const MSE: LossDef = LossDef {
    name: "mse",
    about: "mean squared error to the one-hot target, over batch and classes",
    examples: &["mse"],
    build: |_| Box::new(Mse),
    ..LossDef::BASE
};

pub(crate) struct Mse;

impl<T: Element> Loss<T> for Mse {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        mse(output, one_hot(output, targets))
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }
}

impl<T: Element> SoftLoss<T> for Mse {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        mse(output, shares)
    }
}
