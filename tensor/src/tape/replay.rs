//! Operations with given values instead of computed ones.

use super::Tape;
use crate::{Scalar, Tensor};

/// Values that take the place of those that operations compute. Each operation then sees exactly the
/// values it is given, whatever the operations before it compute, so the check can look at each one
/// alone.
pub(crate) struct Replay<T: Scalar> {
    given: Vec<Tensor<T>>,
    computed: Vec<Tensor<T>>,
}

impl<T: Scalar> Tape<T> {
    /// A tape without rules whose values are those `given`, in order.
    pub(crate) fn replaying(given: Vec<Tensor<T>>) -> Self {
        let computed = Vec::with_capacity(given.len());
        let tape = Tape::new(false);
        tape.replay.replace(Some(Replay { given, computed }));
        tape
    }

    /// The values that the operations of a replaying tape have computed.
    pub(crate) fn computed(&self) -> Vec<Tensor<T>> {
        self.replay.take().map_or_else(Vec::new, |r| r.computed)
    }
}

impl<T: Scalar> Replay<T> {
    /// Puts a computed value aside and returns the one that takes its place.
    pub(super) fn exchange(&mut self, value: Tensor<T>) -> Tensor<T> {
        let given = self.given.get(self.computed.len()).cloned();
        self.computed.push(value.clone());
        // A function that takes another path is noticed by what it has computed.
        given
            .filter(|g| g.shape() == value.shape())
            .unwrap_or(value)
    }
}
