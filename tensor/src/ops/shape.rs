//! The same elements in another shape.

use ndarray::Axis;

use crate::{Scalar, Tensor, Var, buffer::give_back, kernels::layout};

impl<'t, T: Scalar> Var<'t, T> {
    /// The elements in row-major order in another shape of as many. (`torch.reshape`)
    ///
    /// # Panics
    /// When the number of elements differs.
    #[track_caller]
    pub fn reshape(self, shape: &[usize]) -> Self {
        let x = self.value();
        let fits = x.len() == shape.iter().product::<usize>();
        assert!(fits, "reshape: {:?} does not fill {shape:?}", x.shape());
        let from = x.shape().to_vec();
        self.tape()
            .op("reshape", reshaped(x, shape), [self], move |g, _| {
                [Some(reshaped(g, &from))]
            })
    }

    /// All dimensions from `start` on as one. (`torch.flatten`)
    ///
    /// # Panics
    /// When there are fewer dimensions than `start`.
    #[track_caller]
    pub fn flatten(self, start: usize) -> Self {
        let shape = self.shape();
        assert!(
            start <= shape.len(),
            "flatten: no dimension {start} in shape {shape:?}"
        );
        let (kept, flat) = shape.split_at(start);
        self.reshape(&[kept, &[flat.iter().product()]].concat())
    }

    /// The matrix with rows and columns swapped; no element moves. (`torch.t`)
    ///
    /// # Panics
    /// When it is no matrix.
    #[track_caller]
    pub fn t(self) -> Self {
        let x = self.value();
        assert!(
            x.ndim() == 2,
            "t: a matrix is wanted, not shape {:?}",
            x.shape()
        );
        self.tape().op("t", x.reversed_axes(), [self], |g, _| {
            [Some(g.reversed_axes())]
        })
    }
}

/// Two tensors behind each other along a dimension; more of them fold two by two. (`torch.cat`)
///
/// # Panics
/// When there is no such dimension, or the shapes differ elsewhere.
#[track_caller]
pub fn concat<'t, T: Scalar>(a: Var<'t, T>, b: Var<'t, T>, axis: usize) -> Var<'t, T> {
    let (x, y) = (a.value(), b.value());
    let value = match ndarray::concatenate(Axis(axis), &[x.view(), y.view()]) {
        Ok(value) if axis < x.ndim() => value,
        _ => panic!(
            "concat: {:?} and {:?} along dimension {axis}",
            x.shape(),
            y.shape()
        ),
    };
    let first = x.shape()[axis];
    a.tape().op("concat", value, [a, b], move |g, _| {
        let (x, y) = g.view().split_at(Axis(axis), first);
        [x, y].map(|part| Some(part.to_owned().into_shared()))
    })
}

fn reshaped<T: Scalar>(x: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    standard(x)
        .into_shape_with_order(shape)
        .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}"))
}

/// The tensor in row-major order; copied only if it wasn't.
pub(crate) fn standard<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.is_standard_layout() {
        return x;
    }
    let out = layout::standard(&x);
    give_back(x);
    out
}

/// The tensor `[n, channels, h, w]` with its channels running fastest in memory: PyTorch's `channels_last`. Copied only if it wasn't so.
pub(crate) fn channels_last<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if layout::is_channels_last(&x) {
        return x;
    }
    let out = layout::channels_last(&x);
    give_back(x);
    out
}
