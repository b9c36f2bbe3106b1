//! Normalization of each row of `x`, `[rows, size]`, with a weight and a bias for each column.

use super::simd::vectorized;
use crate::{Scalar, buffer::Buffer, pool};

/// Values of a task, which has at least [`FEWEST`] rows.
const TASK: usize = 1 << 13;

/// Each task has sums of its own for the gradients of the columns.
const FEWEST: usize = 8;

/// How a row is normalized.
pub struct Rows<T> {
    /// Values of a row.
    pub size: usize,
    /// Whether the mean is subtracted first.
    pub center: bool,
    /// Added to the variance.
    pub eps: f64,
    /// Factors of the columns.
    pub weight: Vec<T>,
    /// Summands of the columns.
    pub bias: Vec<T>,
}

/// What a row was normalized by.
#[derive(Clone, Copy)]
pub struct RowMoments<T> {
    mean: T,
    /// `1 / √(var + eps)`.
    rstd: T,
}

impl<T: Scalar> Rows<T> {
    /// Computes each row of `x`, and what it was normalized by.
    pub fn forward(&self, x: &[T]) -> (Buffer<T>, Vec<RowMoments<T>>) {
        let size = self.size.max(1);
        let none = RowMoments {
            mean: T::zero(),
            rstd: T::zero(),
        };
        let mut out = Buffer::any(x.len());
        let mut moments = vec![none; x.len() / size];
        let tasks = x.chunks(self.task()).zip(out.chunks_mut(self.task()));
        let tasks = tasks.zip(moments.chunks_mut(self.task() / size));
        pool::each(tasks, |_, ((x, out), moments)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = x.chunks(size).zip(out.chunks_mut(size));
                    for ((x, out), moments) in rows.zip(moments) {
                        *moments = self.normalize(x, out);
                    }
                },
            );
        });
        (out, moments)
    }

    /// Computes the gradients of `x`, and of weight and bias, `[2, size]`, given that of the result
    /// and what [`Rows::forward`] returned.
    pub fn backward(&self, g: &[T], x: &[T], moments: &[RowMoments<T>]) -> (Buffer<T>, Buffer<T>) {
        let (size, task) = (self.size.max(1), self.task());
        let mut dx = Buffer::any(x.len());
        let mut parts = Buffer::zeros(x.len().div_ceil(task).max(1) * 2 * size);
        let inputs = g.chunks(task).zip(x.chunks(task));
        let inputs = inputs.zip(moments.chunks(task / size));
        let outputs = dx.chunks_mut(task).zip(parts.chunks_mut(2 * size));
        pool::each(inputs.zip(outputs), |_, (((g, x), moments), (dx, part))| {
            vectorized(
                #[inline(always)]
                || {
                    let (dw, db) = part.split_at_mut(size);
                    let mut terms = [vec![T::zero(); size], vec![T::zero(); size]];
                    let rows = g.chunks(size).zip(x.chunks(size)).zip(dx.chunks_mut(size));
                    for (((g, x), dx), &moments) in rows.zip(moments) {
                        self.propagate(g, x, moments, &mut terms, dx);
                        let [_, y] = &terms;
                        let along = dw.iter_mut().zip(g.iter().zip(y));
                        along.for_each(|(dw, (&g, &y))| *dw += g * y);
                        db.iter_mut().zip(g).for_each(|(db, &g)| *db += g);
                    }
                },
            );
        });
        let mut sums = Buffer::zeros(2 * size);
        for part in parts.chunks(2 * size) {
            sums.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
        }
        (dx, sums)
    }

    /// Values of a task: whole rows.
    fn task(&self) -> usize {
        let size = self.size.max(1);
        (TASK / size).max(FEWEST) * size
    }

    #[inline(always)]
    fn normalize(&self, x: &[T], out: &mut [T]) -> RowMoments<T> {
        let share = T::of(1.0 / self.size.max(1) as f64);
        let mean = match self.center {
            true => dot(x, |x, _| x, x) * share,
            false => T::zero(),
        };
        let var = dot(x, |x, y| (x - mean) * (y - mean), x) * share;
        let rstd = T::of(1.0 / (var.widen() + self.eps).sqrt());
        let rows = out
            .iter_mut()
            .zip(x)
            .zip(self.weight.iter().zip(&self.bias));
        rows.for_each(|((out, &x), (&w, &b))| *out = (x - mean) * rstd * w + b);
        RowMoments { mean, rstd }
    }

    /// Computes the gradient of a row. `terms` are, afterwards, the gradient times the weight, and
    /// the row without weight and bias.
    #[inline(always)]
    fn propagate(
        &self,
        g: &[T],
        x: &[T],
        RowMoments { mean, rstd }: RowMoments<T>,
        terms: &mut [Vec<T>; 2],
        dx: &mut [T],
    ) {
        let share = T::of(1.0 / self.size.max(1) as f64);
        let [scaled, y] = terms;
        let rows = y.iter_mut().zip(x);
        rows.for_each(|(y, &x)| *y = (x - mean) * rstd);
        let rows = scaled.iter_mut().zip(g.iter().zip(&self.weight));
        rows.for_each(|(scaled, (&g, &w))| *scaled = g * w);
        let mean = match self.center {
            true => dot(scaled, |g, _| g, scaled) * share,
            false => T::zero(),
        };
        let along = dot(scaled, |g, y| g * y, y) * share;
        let rows = dx.iter_mut().zip(scaled.iter().zip(&*y));
        rows.for_each(|(dx, (&g, &y))| *dx = rstd * (g - mean - y * along));
    }
}

/// The sum of `f(x, y)`, in lanes and blocks of a fixed size.
#[inline(always)]
fn dot<T: Scalar>(x: &[T], f: impl Fn(T, T) -> T, y: &[T]) -> T {
    const LANES: usize = 16;
    let mut total = 0.0;
    for (x, y) in x.chunks(64 * LANES).zip(y.chunks(64 * LANES)) {
        let mut lanes = [T::zero(); LANES];
        for (x, y) in x.chunks(LANES).zip(y.chunks(LANES)) {
            let terms = x.iter().zip(y);
            lanes
                .iter_mut()
                .zip(terms)
                .for_each(|(sum, (&x, &y))| *sum += f(x, y));
        }
        total += lanes.into_iter().map(T::widen).sum::<f64>();
    }
    T::of(total)
}
