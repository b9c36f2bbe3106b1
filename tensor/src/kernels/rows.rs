//! Normalization of each row.

use super::simd::vectorized;
use crate::{Scalar, buffer::Buffer, pool};

/// How a row is normalized.
#[derive(Clone, Copy)]
pub struct Rows {
    /// Values of a row.
    pub size: usize,
    /// Whether the mean is subtracted first.
    pub center: bool,
    /// Added to the variance.
    pub eps: f64,
}

impl Rows {
    /// Each row of `x`, and the factor that each was multiplied by.
    pub fn forward<T: Scalar>(self, x: &[T]) -> (Buffer<T>, Buffer<T>) {
        let size = self.size.max(1);
        let mut out = Buffer::any(x.len());
        let mut scales = Buffer::any(x.len() / size);
        let rows = x.chunks(size).zip(out.chunks_mut(size));
        pool::each(rows.zip(scales.iter_mut()), |_, ((x, out), scale)| {
            vectorized(
                #[inline(always)]
                || *scale = self.normalize(x, out),
            );
        });
        (out, scales)
    }

    /// The gradient of the rows, given that of the normalized rows `y`.
    pub fn backward<T: Scalar>(self, g: &[T], y: &[T], scales: &[T]) -> Buffer<T> {
        let size = self.size.max(1);
        let mut dx = Buffer::any(g.len());
        let rows = g.chunks(size).zip(y.chunks(size));
        let rows = rows.zip(dx.chunks_mut(size)).zip(scales);
        pool::each(rows, |_, (((g, y), dx), &scale)| {
            vectorized(
                #[inline(always)]
                || self.propagate(g, y, scale, dx),
            );
        });
        dx
    }

    #[inline(always)]
    fn normalize<T: Scalar>(self, x: &[T], out: &mut [T]) -> T {
        let share = T::of(1.0 / self.size.max(1) as f64);
        let mean = match self.center {
            true => dot(x, |x, _| x, x) * share,
            false => T::zero(),
        };
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - mean);
        let var = dot(out, |x, y| x * y, out) * share;
        let scale = T::of(1.0 / (var.widen() + self.eps).sqrt());
        out.iter_mut().for_each(|x| *x *= scale);
        scale
    }

    #[inline(always)]
    fn propagate<T: Scalar>(self, g: &[T], y: &[T], scale: T, dx: &mut [T]) {
        let share = T::of(1.0 / self.size.max(1) as f64);
        let mean = match self.center {
            true => dot(g, |g, _| g, g) * share,
            false => T::zero(),
        };
        let along = dot(g, |g, y| g * y, y) * share;
        let pairs = dx.iter_mut().zip(g.iter().zip(y));
        pairs.for_each(|(dx, (&g, &y))| *dx = scale * (g - mean - y * along));
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
