//! The axis of the features or channels of a sample, and the views of a batch that follow from it.
//!
//! This is the only place that knows the rule; the documentation of the crate explains it.

use tapeline_tensor::{Scalar, Var};

/// Returns the axis of the features or channels in the shape of a sample, without the batch: the
/// last one of a sequence `[tokens, features]`, otherwise the first.
pub(crate) fn axis(shape: &[usize]) -> usize {
    match shape {
        [_, _] => 1,
        _ => 0,
    }
}

/// Exchanges tokens and features in a batch of sequences, for operations on `[n, channels, …]`.
/// Other batches have their channels there already. The second call reverses the first. No elements
/// are moved.
pub(crate) fn channels_first<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    match x.ndim() {
        3 => x.permute(&[0, 2, 1]),
        _ => x,
    }
}

/// Applies `f`, which keeps the shape, to the tokens of a batch of sequences as samples: to `[n ·
/// tokens, features]`. Other batches are passed on unchanged.
pub(crate) fn by_token<'t, T: Scalar>(
    x: Var<'t, T>,
    f: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
) -> Var<'t, T> {
    match x.shape()[..] {
        [n, tokens, features] => {
            f(x.reshape(&[n * tokens, features])).reshape(&[n, tokens, features])
        }
        _ => f(x),
    }
}
