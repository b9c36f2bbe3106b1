use ndarray::ArrayViewMutD;
use tapeline_tensor::{Grads, Params, Scalar};

use crate::{Piece, Transform};

/// A transform for matrices only, which are weights of two dimensions or more, or for all others only. One that looks still sees all
/// gradients.
#[derive(Clone, Copy, Debug)]
pub struct Only<X> {
    /// Whether it is for matrices; otherwise for all others, such as biases and the scales of normalisation.
    pub matrices: bool,
    /// The transform.
    pub transform: X,
}

impl<T: Scalar, X: Transform<T>> Transform<T> for Only<X> {
    fn takes(&self, shape: &[usize]) -> bool {
        (shape.len() >= 2) == self.matrices && self.transform.takes(shape)
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
