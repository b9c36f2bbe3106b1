use ndarray::ArrayViewMutD;
use tapeline_tensor::{Grads, Params, Role, Scalar};

use crate::{Piece, Transform};

/// Restricts a transform to weight matrices ([`Role::Weight`]), or to all other parameters.
/// [`Transform::look`] still receives all gradients.
#[derive(Clone, Copy, Debug)]
pub struct Only<X> {
    /// Whether it applies to weight matrices and kernels; otherwise to biases and scales.
    pub matrices: bool,
    /// The restricted transform.
    pub transform: X,
}

impl<T: Scalar, X: Transform<T>> Transform<T> for Only<X> {
    fn takes(&self, role: Role) -> bool {
        (role == Role::Weight) == self.matrices && self.transform.takes(role)
    }

    fn moments(&self) -> &'static [&'static str] {
        self.transform.moments()
    }

    fn looks(&self) -> bool {
        self.transform.looks()
    }

    fn look(&self, grads: &Grads<T>, params: &Params<T>, squares: &[f64]) -> f64 {
        self.transform.look(grads, params, squares)
    }

    fn apply_whole(&self, gradient: ArrayViewMutD<'_, T>) {
        self.transform.apply_whole(gradient);
    }

    fn apply(&self, piece: Piece<'_, T>) {
        self.transform.apply(piece);
    }
}
