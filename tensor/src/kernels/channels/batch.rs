//! Batch normalization: mean and variance of a channel are those of all rows.

use super::{
    Channels,
    passes::{Backward, Forward, Gradient, Moments, Sums},
    piece,
};
use crate::{Scalar, buffer::Buffer, kernels::simd, pool};

/// Mean and variance of each channel of `x`; the variance is divided by the number of rows.
pub fn moments<T: Scalar>(x: &[T], channels: usize) -> (Vec<T>, Vec<T>) {
    let pieces = x.chunks(piece(channels));
    let rows: Vec<_> = pieces
        .clone()
        .map(|x| (x.len() / channels) as f64)
        .collect();
    let mut parts = Buffer::zeros(rows.len() * 2 * channels);
    pool::each(pieces.zip(parts.chunks_mut(2 * channels)), |_, (x, out)| {
        let (means, squares) = out.split_at_mut(channels);
        simd::run_for::<T, _>(Moments { x, means, squares });
    });

    // (Chan et al. 1979)
    let parts = || rows.iter().zip(parts.chunks_exact(2 * channels));
    let total = rows.iter().sum::<f64>().max(1.0);
    let moments = (0..channels).map(|c| {
        let means = parts().map(|(rows, part)| rows * part[c].widen());
        let mean = means.sum::<f64>() / total;
        let squares = parts().map(|(rows, part)| {
            let away = part[c].widen() - mean;
            part[channels + c].widen() + rows * away * away
        });
        (T::of(mean), T::of(squares.sum::<f64>() / total))
    });
    moments.unzip()
}

impl<T: Scalar> Channels<T> {
    /// Computes `(x − mean) · scale + bias`, and `relu` of it if that is wanted.
    pub fn forward(&self, x: &[T]) -> Buffer<T> {
        let piece = piece(self.mean.len());
        let mut out = Buffer::any(x.len());
        pool::each(x.chunks(piece).zip(out.chunks_mut(piece)), |_, (x, out)| {
            simd::run_for::<T, _>(Forward { by: self, x, out });
        });
        out
    }

    /// Computes the gradients of weights and biases, and that of `x` if it is needed, given that of
    /// the result `y`.
    pub fn backward(
        &self,
        g: &[T],
        x: &[T],
        y: &[T],
        need_x: bool,
    ) -> (Option<Buffer<T>>, [Vec<f64>; 2]) {
        let channels = self.mean.len();
        let size = piece(channels);
        let pieces = || {
            let y = y.chunks(size).map(Some).chain(std::iter::repeat(None));
            let pieces = g.chunks(size).zip(x.chunks(size)).zip(y);
            pieces.map(|((g, x), y)| Gradient { g, x, y })
        };
        let mut parts = Buffer::zeros(pieces().count() * 2 * channels);
        pool::each(
            pieces().zip(parts.chunks_mut(2 * channels)),
            |_, (of, out)| {
                let (along, sums) = out.split_at_mut(channels);
                let mean = &self.mean;
                simd::run_for::<T, _>(Sums {
                    of,
                    mean,
                    along,
                    sums,
                });
            },
        );
        let total = |c: usize| -> f64 {
            let parts = parts.chunks_exact(2 * channels);
            parts.map(|part| part[c].widen()).sum()
        };
        let rstd = self.rstd.iter().enumerate();
        let dw: Vec<_> = rstd.map(|(c, rstd)| total(c) * rstd.widen()).collect();
        let db: Vec<_> = (channels..2 * channels).map(total).collect();

        let dx = need_x.then(|| {
            // What flows through a channel's mean and variance: nothing where they are constants.
            let count = (x.len() / channels).max(1) as f64;
            if self.flows && count == 1.0 {
                // The result is the bias, whatever the value: exactly nothing, not what rounding
                // leaves of a difference.
                return Buffer::zeros(x.len());
            }
            let share = if self.flows { -1.0 / count } else { 0.0 };
            let through = |sums: &[f64], factor: &dyn Fn(usize) -> f64| -> Vec<T> {
                let sums = sums.iter().enumerate();
                sums.map(|(c, sum)| T::of(sum * share * factor(c)))
                    .collect()
            };
            let scale = |c: usize| self.scale[c].widen();
            let along = through(&dw, &|c| scale(c) * self.rstd[c].widen());
            let shift = through(&db, &scale);
            let mut dx = Buffer::any(x.len());
            pool::each(pieces().zip(dx.chunks_mut(size)), |_, (of, out)| {
                simd::run_for::<T, _>(Backward {
                    by: self,
                    of,
                    along: &along,
                    shift: &shift,
                    out,
                });
            });
            dx
        });
        (dx, [dw, db])
    }
}
