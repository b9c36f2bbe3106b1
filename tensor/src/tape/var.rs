//! Values on a tape.

use std::fmt;

use super::Tape;
use crate::{Scalar, Tensor};

/// A value on a tape, as cheap to copy as a number.
pub struct Var<'t, T: Scalar = f32> {
    pub(super) tape: &'t Tape<T>,
    pub(super) id: usize,
}

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns the tape it is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// Returns its value; shared, not copied.
    pub fn value(self) -> Tensor<T> {
        self.tape.nodes.borrow()[self.id].value.clone()
    }

    /// Returns the size of each dimension.
    pub fn shape(self) -> Vec<usize> {
        self.tape.nodes.borrow()[self.id].value.shape().to_vec()
    }

    /// Returns the number of dimensions.
    pub fn ndim(self) -> usize {
        self.tape.nodes.borrow()[self.id].value.ndim()
    }
}

impl<T: Scalar> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Scalar> Copy for Var<'_, T> {}

impl<T: Scalar> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({:?})", self.value())
    }
}
