//! Softmax and its logarithm, without overflow.

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{slice, standard},
        simd::vectorized,
    },
    math, pool,
};

/// Elements of a task.
const TASK: usize = 1 << 13;

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes `eˣ / Σ eˣ` along a dimension. (`torch.softmax`)
    ///
    /// # Panics
    /// When there is no such dimension.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        along(
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
        along(
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
}

/// Applies `forward` from each line of `x` along a dimension to a line of the value, and `backward`
/// from the gradient of the value and the value to the gradient of `x`.
#[track_caller]
fn along<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    axis: usize,
    forward: impl Fn(&[T], &mut [T]) + Sync,
    backward: impl Fn(&[T], &[T], &mut [T]) + Sync + 'static,
) -> Var<'t, T> {
    let shape = x.shape();
    assert!(
        axis < shape.len(),
        "{name}: no dimension {axis} in shape {shape:?}"
    );
    let size = shape[axis].max(1);
    // The dimension last in memory: no copy for the channels of channels-last images.
    let order: Vec<_> = (0..shape.len())
        .filter(|&a| a != axis)
        .chain([axis])
        .collect();
    let mut back = vec![0; shape.len()];
    order
        .iter()
        .enumerate()
        .for_each(|(place, &axis)| back[axis] = place);
    let lines = move |x: Tensor<T>| standard(x.permuted_axes(&order[..]));
    let task = (TASK / size).max(1) * size;

    let input = lines(x.value());
    let mut y = Buffer::any(input.len());
    pool::each(
        slice(&input).chunks(task).zip(y.chunks_mut(task)),
        |_, (x, y)| {
            vectorized(
                #[inline(always)]
                || {
                    for (x, y) in x.chunks(size).zip(y.chunks_mut(size)) {
                        forward(x, y);
                    }
                },
            );
        },
    );
    let y = y.into_tensor(input.shape());
    let value = y.clone().permuted_axes(&back[..]);
    x.tape().op(name, value, [x], move |g, _| {
        let g = lines(g);
        let mut dx = Buffer::any(g.len());
        let tasks = slice(&g).chunks(task).zip(slice(&y).chunks(task));
        pool::each(tasks.zip(dx.chunks_mut(task)), |_, ((g, y), dx)| {
            vectorized(
                #[inline(always)]
                || {
                    let lines = g.chunks(size).zip(y.chunks(size));
                    for ((g, y), dx) in lines.zip(dx.chunks_mut(size)) {
                        backward(g, y, dx);
                    }
                },
            );
        });
        give_back(g);
        [Some(dx.into_tensor(y.shape()).permuted_axes(&back[..]))]
    })
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
