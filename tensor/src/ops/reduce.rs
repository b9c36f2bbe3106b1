//! Sums and means.

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    buffer::Buffer,
    kernels::{layout::stretched, sum},
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Sums all elements; returns a tensor without dimensions.
    pub fn sum(self) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        self.tape().op(
            "sum",
            Tensor::from_elem(vec![], sum::total(&x)),
            [self],
            move |g, _| {
                let mut out = Buffer::any(shape.iter().product());
                out.fill(g.sum());
                [Some(out.into_tensor(&shape))]
            },
        )
    }

    /// Returns the mean of all elements as a tensor without dimensions; NaN if there are none.
    pub fn mean(self) -> Self {
        let count: usize = self.shape().iter().product();
        self.sum() / count as f64
    }

    /// Sums over one dimension, which is removed.
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn sum_axis(self, axis: usize) -> Self {
        let x = self.value();
        assert!(
            axis < x.ndim(),
            "sum_axis: no dimension {axis} in shape {:?}",
            x.shape()
        );
        let shape = x.shape().to_vec();
        self.tape().op(
            "sum_axis",
            sum::over(&x, axis..axis + 1),
            [self],
            move |g, _| {
                let g = g.insert_axis(Axis(axis));
                [Some(stretched(&g, &shape))]
            },
        )
    }
}
