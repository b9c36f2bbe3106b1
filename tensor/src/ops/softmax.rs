//! Softmax and its logarithm, without overflow.

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    kernels::{elementwise::map, layout::copied, simd::vectorized},
    math,
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes `eˣ / Σ eˣ` along a dimension. (`torch.softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        let y = lanes(
            "softmax",
            self.value(),
            axis,
            #[inline(always)]
            |lane| {
                let max = max(lane);
                lane.iter_mut().for_each(|x| *x = math::exp(*x - max));
                let sum = sum(lane);
                lane.iter_mut().for_each(|x| *x /= sum);
            },
        );
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
        let y = lanes(
            "log_softmax",
            self.value(),
            axis,
            #[inline(always)]
            |lane| {
                let max = max(lane);
                lane.iter_mut().for_each(|x| *x -= max);
                let mut powers = lane.to_vec();
                powers.iter_mut().for_each(|x| *x = math::exp(*x));
                let log = sum(&powers).ln();
                lane.iter_mut().for_each(|x| *x -= log);
            },
        );
        self.tape()
            .op("log_softmax", y.clone(), [self], move |g, _| {
                // g ← g − eʸ Σ g
                let sum = g.sum_axis(Axis(axis)).insert_axis(Axis(axis));
                let p = map(
                    &y,
                    #[inline(always)]
                    |y| math::exp(y),
                );
                [Some(g - &(p * &sum))]
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
    vectorized(
        #[inline(always)]
        || {
            for mut lane in out.lanes_mut(Axis(axis)) {
                line.iter_mut().zip(&lane).for_each(|(l, &x)| *l = x);
                f(&mut line);
                lane.iter_mut().zip(&line).for_each(|(x, &l)| *x = l);
            }
        },
    );
    out
}

/// Returns the maximum of a line; NaN if it contains one.
#[inline(always)]
pub(crate) fn max<T: Scalar>(line: &[T]) -> T {
    in_lanes(
        line,
        T::neg_infinity(),
        #[inline(always)]
        |m, x| if x > m || x.is_nan() { x } else { m },
    )
}

/// Returns the sum of a line, in an order that depends on its length alone.
#[inline(always)]
fn sum<T: Scalar>(line: &[T]) -> T {
    in_lanes(
        line,
        T::zero(),
        #[inline(always)]
        |sum, x| sum + x,
    )
}

/// Combines the elements at every sixteenth position, then the results.
#[inline(always)]
fn in_lanes<T: Scalar>(line: &[T], start: T, combine: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; 16];
    for part in line.chunks(lanes.len()) {
        let parts = lanes.iter_mut().zip(part);
        parts.for_each(|(lane, &x)| *lane = combine(*lane, x));
    }
    lanes.into_iter().fold(start, combine)
}
