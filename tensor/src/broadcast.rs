//! Broadcasting of shapes, and summing gradients back to them.

use ndarray::Axis;

use crate::{Place, Scalar, Tensor, buffer::give_back, kernels};

/// Returns the common shape by NumPy's rule: aligned at the last dimension, where a size of 1, or
/// none, is broadcast.
pub fn shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let n = a.len().max(b.len());
    let size = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(n).map_or(1, |i| shape[i]);
    (0..n)
        .map(|i| match (size(a, i), size(b, i)) {
            (a, b) if a == b => Some(a),
            (1, b) => Some(b),
            (a, 1) => Some(a),
            _ => None,
        })
        .collect()
}

/// Returns the gradient of a parent of shape `parent`, given in that shape or in that of the value
/// to which the parent was broadcast.
pub(crate) fn undo<T: Scalar>(
    gradient: Tensor<T>,
    parent: &[usize],
    value: &[usize],
    place: &Place,
) -> Tensor<T> {
    if gradient.shape() == parent {
        return gradient;
    }
    let stretched = gradient.shape() == value && shape(parent, value).as_deref() == Some(value);
    assert!(
        stretched,
        "{place}: its rule returned a gradient of shape {:?} for a parent of shape {parent:?}",
        gradient.shape()
    );
    sum_to(gradient, parent)
}

/// Sums a tensor over the dimensions in which `target` was broadcast to its shape.
fn sum_to<T: Scalar>(mut x: Tensor<T>, target: &[usize]) -> Tensor<T> {
    let extra = x.ndim() - target.len();
    let stretched =
        |axis: usize, size: usize| axis < extra || (target[axis - extra] == 1 && size != 1);
    let mut axis = x.ndim();
    while axis > 0 {
        let end = axis;
        // Adjacent dimensions are summed in one pass.
        while axis > 0 && stretched(axis - 1, x.shape()[axis - 1]) {
            axis -= 1;
        }
        if axis < end {
            let sum = kernels::sum::over(&x, axis..end);
            give_back(std::mem::replace(&mut x, sum));
            for _ in axis..end {
                x.insert_axis_inplace(Axis(axis));
            }
        } else {
            axis -= 1;
        }
    }
    x.into_shape_with_order(target.to_vec())
        .unwrap_or_else(|e| unreachable!("only sizes of 1 are left in front: {e}"))
}
