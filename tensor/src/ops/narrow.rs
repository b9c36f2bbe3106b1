//! Parts of tensors along a dimension.

use std::ops::Range;

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::layout::{in_order, memory_axes},
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns `length` elements of a dimension, from `start` on. (`torch.narrow`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, 2.0, 3.0, 4.0]));
    ///     assert_eq!(x.narrow(0, 1, 2).value(), tensor([2.0, 3.0]));
    /// });
    /// ```
    ///
    /// # Panics
    /// If the tensor doesn't have this dimension, or the range ends behind its last element.
    #[track_caller]
    pub fn narrow(self, axis: usize, start: usize, length: usize) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        let size = super::size("narrow", &shape, axis);
        let end = start.saturating_add(length);
        assert!(
            end <= size,
            "narrow: no elements {start}..{end} along dimension {axis} in shape {shape:?}"
        );
        self.tape()
            .op("narrow", part(&x, axis, start..end), [self], move |g, _| {
                let dx = placed(&g, axis, start..end, &shape);
                give_back(g);
                [Some(dx)]
            })
    }

    /// Returns the elements at an index of a dimension, which is removed. (`torch.select`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, Tensor, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, 2.0, 3.0, 4.0])).reshape(&[2, 2]);
    ///     assert_eq!(x.select(1, 0).value(), tensor([1.0, 3.0]));
    /// });
    /// ```
    ///
    /// # Panics
    /// If the tensor doesn't have this dimension, or the dimension doesn't have this index.
    #[track_caller]
    pub fn select(self, axis: usize, index: usize) -> Self {
        let mut shape = self.shape();
        let size = super::size("select", &shape, axis);
        assert!(
            index < size,
            "select: no index {index} along dimension {axis} in shape {shape:?}"
        );
        shape.remove(axis);
        self.narrow(axis, index, 1).reshape(&shape)
    }

    /// Splits a dimension into parts of these sizes, in order. (`torch.split`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, 2.0, 3.0]));
    ///     let [a, b] = x.split(0, [1, 2]);
    ///     assert_eq!((a.value(), b.value()), (tensor([1.0]), tensor([2.0, 3.0])));
    /// });
    /// ```
    ///
    /// # Panics
    /// If the tensor doesn't have this dimension, or its size is not the sum of `sizes`.
    #[track_caller]
    pub fn split<const N: usize>(self, axis: usize, sizes: [usize; N]) -> [Self; N] {
        let shape = self.shape();
        let fits = super::size("split", &shape, axis) == sizes.iter().sum();
        assert!(
            fits,
            "split: sizes {sizes:?} do not sum to dimension {axis} in shape {shape:?}"
        );
        let mut start = 0;
        sizes.map(|size| {
            start += size;
            self.narrow(axis, start - size, size)
        })
    }
}

/// Copies a range of a dimension, in the memory order of `x`.
fn part<T: Scalar>(x: &Tensor<T>, axis: usize, range: Range<usize>) -> Tensor<T> {
    let axes = memory_axes(x);
    let mut view = x.view();
    view.slice_axis_inplace(Axis(axis), range.into());
    let mut out = in_order(Buffer::any(view.len()), view.shape(), &axes);
    let mut lines = out.view_mut().permuted_axes(&axes[..]);
    lines.assign(&view.permuted_axes(&axes[..]));
    out
}

/// Returns zeros of `shape`, except for a range of a dimension, in the memory order of `x`.
fn placed<T: Scalar>(
    x: &Tensor<T>,
    axis: usize,
    range: Range<usize>,
    shape: &[usize],
) -> Tensor<T> {
    let axes = memory_axes(x);
    let mut out = in_order(Buffer::zeros(shape.iter().product()), shape, &axes);
    let place = out.slice_axis_mut(Axis(axis), range.into());
    let mut place = place.permuted_axes(&axes[..]);
    place.assign(&x.view().permuted_axes(&axes[..]));
    out
}
