use tapeline_tensor::{Scalar, vectorized};

use crate::{Piece, Transform};

/// Adds a multiple of the weight: *g = g + λ·p*.
///
/// In front of a chain it is the gradient of the penalty *λ/2·p²* (L2); right before the learning rate it is decoupled weight decay.
#[derive(Clone, Copy, Debug)]
pub struct AddDecay(
    /// *λ*, at least 0.
    pub f64,
);

impl<T: Scalar> Transform<T> for AddDecay {
    fn apply(&self, piece: Piece<'_, T>) {
        let decay = T::of(self.0);
        let pairs = piece.gradient.iter_mut().zip(piece.weight);
        vectorized(|| pairs.for_each(|(g, &p)| *g += decay * p));
    }
}
