//! Sums, means and maxima.

use ndarray::Axis;

use super::{along, softmax::max};
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

    /// Sums over one dimension, which is removed. (`torch.sum`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn sum_axis(self, axis: usize) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        super::size("sum_axis", &shape, axis);
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

    /// Returns the mean over one dimension, which is removed; NaN if it has no elements.
    /// (`torch.mean`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, 2.0, 3.0, 6.0])).reshape(&[2, 2]);
    ///     assert_eq!(x.mean_axis(0).value(), tensor([2.0, 4.0]));
    ///     assert_eq!((x - x.mean_axis(1).unsqueeze(1)).flatten(0).value(), tensor([-0.5, 0.5, -1.5, 1.5]));
    /// });
    /// ```
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn mean_axis(self, axis: usize) -> Self {
        let count = super::size("mean_axis", &self.shape(), axis);
        self.sum_axis(axis) / count as f64
    }

    /// Returns the maximum along one dimension, which is removed; NaN if there is one. Elements that
    /// share the maximum have equal parts of its gradient. (`torch.amax`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, tensor, value_and_grad};
    /// let inputs = [tensor([3.0, 1.0, 3.0])];
    /// let (max, grads, ()) = value_and_grad(&Params::<f64>::new(), &inputs, |_, _, x| (x[0].max_axis(0), ()));
    /// assert_eq!((max, grads.inputs[0].clone()), (3.0, Some(tensor([0.5, 0.0, 0.5]))));
    /// ```
    ///
    /// # Panics
    /// When there is no such dimension, or it has no elements.
    #[track_caller]
    pub fn max_axis(self, axis: usize) -> Self {
        let shape = self.shape();
        assert!(
            super::size("max_axis", &shape, axis) > 0,
            "max_axis: dimension {axis} in shape {shape:?} has no elements"
        );
        along::fold(
            "max_axis",
            self,
            axis,
            #[inline(always)]
            |x| max(x),
            #[inline(always)]
            |g, y, x, dx| {
                let (zero, one) = (T::zero(), T::one());
                let count: T = x.iter().map(|&x| if x == y { one } else { zero }).sum();
                let share = g / count;
                // NaN is equal to nothing.
                let other = if y.is_nan() { y } else { zero };
                for (dx, &x) in dx.iter_mut().zip(x) {
                    *dx = if x == y { share } else { other };
                }
            },
        )
    }
}
