//! Softmax and its logarithm, and the logarithm of a sum of exponentials, without overflow.

use super::along;
use crate::{Scalar, Var, math};

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes `eˣ / Σ eˣ` along a dimension. (`torch.softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        along::map(
            "softmax",
            self,
            axis,
            #[inline(always)]
            |x, y| {
                let max = max(x);
                exp_of_differences(x, max, y);
                let sum = sum(y);
                y.iter_mut().for_each(|y| *y /= sum);
            },
            // g ← y (g − Σ g y)
            #[inline(always)]
            |g, y, dx| {
                dx.iter_mut()
                    .zip(g.iter().zip(y))
                    .for_each(|(dx, (&g, &y))| *dx = g * y);
                let dot = sum(dx);
                dx.iter_mut().zip(y).for_each(|(dx, &y)| *dx -= y * dot);
            },
        )
    }

    /// Computes `x − ln Σ eˣ` along a dimension. (`torch.log_softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn log_softmax(self, axis: usize) -> Self {
        along::map(
            "log_softmax",
            self,
            axis,
            #[inline(always)]
            |x, y| {
                let max = max(x);
                exp_of_differences(x, max, y);
                let log = sum(y).ln();
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - max - log);
            },
            // g ← g − eʸ Σ g
            #[inline(always)]
            |g, y, dx| {
                let sum = sum(g);
                for (dx, (&g, &y)) in dx.iter_mut().zip(g.iter().zip(y)) {
                    *dx = g - math::exp(y) * sum;
                }
            },
        )
    }

    /// Computes `ln Σ eˣ` along a dimension, which is removed; −∞ for a dimension without elements.
    /// (`torch.logsumexp`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1000.0, f32::NEG_INFINITY]));
    ///     assert_eq!(x.logsumexp(0).value().sum(), 1000.0);
    /// });
    /// ```
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn logsumexp(self, axis: usize) -> Self {
        along::fold(
            "logsumexp",
            self,
            axis,
            #[inline(always)]
            |x| {
                let max = max(x);
                // The difference of two infinities is NaN.
                let max = if max.is_infinite() { T::zero() } else { max };
                max + sum_of(
                    x,
                    #[inline(always)]
                    |x| math::exp(x - max),
                )
                .ln()
            },
            // eˣ / Σ eˣ g
            #[inline(always)]
            |g, y, x, dx| {
                for (dx, &x) in dx.iter_mut().zip(x) {
                    *dx = g * math::exp(x - y);
                }
            },
        )
    }
}

/// Computes the exponentials of the differences from `max`.
#[inline(always)]
fn exp_of_differences<T: Scalar>(x: &[T], max: T, y: &mut [T]) {
    // A loop: the closure of `for_each` may be compiled for no vectors.
    for (y, &x) in y.iter_mut().zip(x) {
        *y = math::exp(x - max);
    }
}

/// Returns the maximum of a line; NaN if it contains one.
#[inline(always)]
pub(crate) fn max<T: Scalar>(line: &[T]) -> T {
    in_lanes(
        line,
        T::neg_infinity(),
        #[inline(always)]
        |x| x,
        #[inline(always)]
        |m, x| if x > m || x.is_nan() { x } else { m },
    )
}

/// Returns the sum of a line, in an order that depends on its length alone.
#[inline(always)]
fn sum<T: Scalar>(line: &[T]) -> T {
    sum_of(
        line,
        #[inline(always)]
        |x| x,
    )
}

/// Returns the sum of `f` of each element of a line, in the order of [`sum`].
#[inline(always)]
fn sum_of<T: Scalar>(line: &[T], f: impl Fn(T) -> T) -> T {
    in_lanes(
        line,
        T::zero(),
        f,
        #[inline(always)]
        |sum, x| sum + x,
    )
}

/// Combines `f` of the elements at every sixteenth position, then the results.
#[inline(always)]
fn in_lanes<T: Scalar>(line: &[T], start: T, f: impl Fn(T) -> T, combine: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; 16];
    for part in line.chunks(lanes.len()) {
        let parts = lanes.iter_mut().zip(part);
        parts.for_each(|(lane, &x)| *lane = combine(*lane, f(x)));
    }
    lanes.into_iter().fold(start, combine)
}
