//! In evaluation, values are freed as soon as nothing needs them.

use super::{Tape, Var};
use crate::{Scalar, buffer::give_back};

/// A position on a tape, between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(usize);

impl<T: Scalar> Tape<T> {
    /// Returns the position after the last value, for [`release`](Tape::release).
    pub fn position(&self) -> Position {
        Position(self.nodes.borrow().len())
    }

    /// Declares that of the values recorded since a position, only `kept` and those that are
    /// [held](Tape::hold) will be used again. In [`no_grad`](crate::no_grad), the memory of the
    /// others is recycled; otherwise they are needed for the backward pass, and nothing happens.
    /// Returns the position from which to release next, once `kept` isn't needed either.
    ///
    /// ```
    /// use tapeline_tensor::{Params, no_grad, tensor};
    ///
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let mut x = tape.constant(tensor([1.0, -1.0]));
    ///     let mut position = tape.position();
    ///     for _ in 0..1000 {
    ///         x = x.relu().exp();
    ///         position = tape.release(position, x);
    ///     }
    /// });
    /// ```
    pub fn release(&self, since: Position, kept: Var<'_, T>) -> Position {
        let mut nodes = self.nodes.borrow_mut();
        if self.releasing.get() {
            for (id, node) in nodes.iter_mut().enumerate().skip(since.0) {
                if id != kept.id && node.held == 0 {
                    give_back(std::mem::take(&mut node.value));
                }
            }
        }
        let is_among_them = (since.0..nodes.len()).contains(&kept.id);
        Position(if is_among_them { kept.id } else { nodes.len() })
    }

    /// Keeps a value from being [released](Tape::release), until [`let_go`](Tape::let_go) has been
    /// called as often.
    pub fn hold(&self, var: Var<'_, T>) {
        self.nodes.borrow_mut()[var.id].held += 1;
    }

    /// Undoes one [`hold`](Tape::hold). Returns the position of the value: releasing from there on
    /// frees it.
    ///
    /// ```
    /// use tapeline_tensor::{Params, no_grad, tensor};
    ///
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, -1.0])).exp();
    ///     tape.hold(x);
    ///     let position = tape.release(tape.position(), x);
    ///     let y = x.relu().exp();
    ///     tape.release(position, y);
    ///     let z = x + y;
    ///     tape.release(tape.let_go(x), z);
    /// });
    /// ```
    pub fn let_go(&self, var: Var<'_, T>) -> Position {
        let held = &mut self.nodes.borrow_mut()[var.id].held;
        *held = held.saturating_sub(1);
        Position(var.id)
    }

    /// From now on, keeps all values, so that [`first_non_finite`](Tape::first_non_finite) sees
    /// them.
    pub fn keep_all(&self) {
        self.releasing.set(false);
    }

    /// Returns whether [`release`](Tape::release) frees values: no rule and no caller needs them.
    pub fn is_releasing(&self) -> bool {
        self.releasing.get()
    }
}
