use tapeline_tensor::Scalar;

use super::scale;
use crate::{Piece, Transform};

/// Multiplies by the learning rate and the schedule's factor: *g = lr·factor·g*.
#[derive(Clone, Copy, Debug)]
pub struct ScaleByLr(
    /// The learning rate, above 0.
    pub f64,
);

impl<T: Scalar> Transform<T> for ScaleByLr {
    fn apply(&self, piece: Piece<'_, T>) {
        scale(piece.gradient, self.0 * piece.factor);
    }
}
