//! Softmax and its logarithm, without overflow.

use ndarray::Axis;

use crate::{Scalar, Tensor, Var, kernels::layout::copied};

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes `eˣ / Σ eˣ` along a dimension. (`torch.softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        let y = lanes("softmax", self.value(), axis, |lane| {
            let max = max(lane);
            lane.iter_mut().for_each(|x| *x = (*x - max).exp());
            let sum: T = lane.iter().copied().sum();
            lane.iter_mut().for_each(|x| *x /= sum);
        });
        self.tape().op("softmax", y.clone(), [self], move |g, _| {
            // g ← y (g − Σ g y)
            let dot = (&g * &y).sum_axis(Axis(axis)).insert_axis(Axis(axis));
            [Some(((g - &dot) * &y).into_shared())]
        })
    }

    /// Computes `x − ln Σ eˣ` along a dimension. (`torch.log_softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn log_softmax(self, axis: usize) -> Self {
        let y = lanes("log_softmax", self.value(), axis, |lane| {
            let max = max(lane);
            let sum: T = lane.iter().map(|&x| (x - max).exp()).sum();
            lane.iter_mut().for_each(|x| *x = *x - max - sum.ln());
        });
        self.tape()
            .op("log_softmax", y.clone(), [self], move |g, _| {
                // g ← g − eʸ Σ g
                let sum = g.sum_axis(Axis(axis)).insert_axis(Axis(axis));
                let p = y.mapv(T::exp) * &sum;
                [Some(g - &p)]
            })
    }
}

/// Applies `f` to each line of `x` along a dimension.
#[track_caller]
fn lanes<T: Scalar>(name: &str, x: Tensor<T>, axis: usize, f: impl Fn(&mut [T])) -> Tensor<T> {
    assert!(
        axis < x.ndim(),
        "{name}: no dimension {axis} in shape {:?}",
        x.shape()
    );
    let mut out = copied(&x);
    let mut line = vec![T::zero(); x.shape()[axis]];
    for mut lane in out.lanes_mut(Axis(axis)) {
        line.iter_mut().zip(&lane).for_each(|(l, &x)| *l = x);
        f(&mut line);
        lane.iter_mut().zip(&line).for_each(|(x, &l)| *x = l);
    }
    out
}

/// Returns the maximum of a line; NaN if it contains one.
pub(crate) fn max<T: Scalar>(line: &[T]) -> T {
    line.iter().fold(
        T::neg_infinity(),
        |m, &x| if x > m || x.is_nan() { x } else { m },
    )
}
