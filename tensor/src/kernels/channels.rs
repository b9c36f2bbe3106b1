//! Batch normalization: each channel of `x`, `[rows, channels]`, by numbers of its own.
//!
//! The lanes of a vector are channels. The rows are divided into pieces of a fixed size that fit the
//! first-level cache, so that mean and variance take one pass over memory. Sums over a piece are in
//! the scalar type; those of the pieces are added in order, in `f64`.

use pulp::{Simd, WithSimd};

use super::simd::{self, width};
use crate::{Scalar, buffer::Buffer, pool};

/// Elements of a piece.
const PIECE: usize = 1 << 13;

/// Size of a piece, which is made of whole rows.
fn piece(channels: usize) -> usize {
    (PIECE / channels).max(1) * channels
}

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

/// How channels are normalized; one number a channel each.
pub struct Channels<T> {
    /// The mean.
    pub mean: Vec<T>,
    /// `1 / √(var + eps)`.
    pub rstd: Vec<T>,
    /// `rstd` times the weight.
    pub scale: Vec<T>,
    pub bias: Vec<T>,
    /// Whether mean and variance are those of the normalized values, so that gradients flow through
    /// them.
    pub flows: bool,
    /// Whether `relu` is applied to the result.
    pub relu: bool,
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

/// Sums of a piece: the means, and the squares of the differences from them.
struct Moments<'a, T> {
    x: &'a [T],
    means: &'a mut [T],
    squares: &'a mut [T],
}

impl<T: Scalar> WithSimd for Moments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (channels, one) = (self.means.len(), T::splat(simd, T::one()));
        let rows = self.x.len() / channels;
        let share = T::splat(simd, T::of(1.0 / rows.max(1) as f64));
        let negative = T::splat(simd, T::of(-1.0));
        for c in (0..channels).step_by(width::<T, S>()) {
            let [sum] = sums::<S, T, _>(
                simd,
                rows,
                #[inline(always)]
                |row, [sum]: [T::Vector<S>; 1]| {
                    let x = T::load(simd, &self.x[row * channels + c..]);
                    [T::fma(simd, x, one, sum)]
                },
            );
            let mean = T::fma(simd, sum, share, T::splat(simd, T::zero()));
            let [squares] = sums::<S, T, _>(
                simd,
                rows,
                #[inline(always)]
                |row, [sum]: [T::Vector<S>; 1]| {
                    let x = T::load(simd, &self.x[row * channels + c..]);
                    let away = T::fma(simd, mean, negative, x);
                    [T::fma(simd, away, away, sum)]
                },
            );
            T::store(simd, &mut self.means[c..], mean);
            T::store(simd, &mut self.squares[c..], squares);
        }
    }
}

struct Forward<'a, T> {
    by: &'a Channels<T>,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Scalar> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (by, channels) = (self.by, self.by.mean.len());
        let negative = T::splat(simd, T::of(-1.0));
        for c in (0..channels).step_by(width::<T, S>()) {
            let lanes = width::<T, S>().min(channels - c);
            let mean = T::load(simd, &by.mean[c..]);
            let scale = T::load(simd, &by.scale[c..]);
            let bias = T::load(simd, &by.bias[c..]);
            let rows = self.x[c..].chunks(channels);
            for (x, out) in rows.zip(self.out[c..].chunks_mut(channels)) {
                let away = T::fma(simd, mean, negative, T::load(simd, x));
                let mut y = T::fma(simd, away, scale, bias);
                if by.relu {
                    y = T::cut(simd, y, y);
                }
                T::store(simd, &mut out[..lanes], y);
            }
        }
    }
}

/// Where the gradient of a piece is from.
struct Gradient<'a, T> {
    /// Gradient of the result.
    g: &'a [T],
    x: &'a [T],
    /// The result, if `relu` was applied to it.
    y: Option<&'a [T]>,
}

impl<T: Scalar> Gradient<'_, T> {
    /// Returns the gradient before `relu`, and the input.
    #[inline(always)]
    fn load<S: Simd>(&self, simd: S, place: usize) -> [T::Vector<S>; 2] {
        let [mut g, x] = [self.g, self.x].map(
            #[inline(always)]
            |values| T::load(simd, &values[place..]),
        );
        if let Some(y) = self.y {
            g = T::cut(simd, g, T::load(simd, &y[place..]));
        }
        [g, x]
    }
}

/// Sums of a piece: of `g · (x − mean)`, and of `g`.
struct Sums<'a, T> {
    of: Gradient<'a, T>,
    mean: &'a [T],
    along: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Scalar> WithSimd for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (of, channels) = (self.of, self.mean.len());
        let (rows, one) = (of.x.len() / channels, T::splat(simd, T::one()));
        let negative = T::splat(simd, T::of(-1.0));
        for c in (0..channels).step_by(width::<T, S>()) {
            let mean = T::load(simd, &self.mean[c..]);
            let [along, total] = sums::<S, T, _>(
                simd,
                rows,
                #[inline(always)]
                |row, [along, total]: [T::Vector<S>; 2]| {
                    let [g, x] = of.load(simd, row * channels + c);
                    let away = T::fma(simd, mean, negative, x);
                    [T::fma(simd, g, away, along), T::fma(simd, g, one, total)]
                },
            );
            T::store(simd, &mut self.along[c..], along);
            T::store(simd, &mut self.sums[c..], total);
        }
    }
}

/// Computes `g · scale + (x − mean) · along + shift`.
struct Backward<'a, T> {
    by: &'a Channels<T>,
    of: Gradient<'a, T>,
    along: &'a [T],
    shift: &'a [T],
    out: &'a mut [T],
}

impl<T: Scalar> WithSimd for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (by, of, channels) = (self.by, self.of, self.by.mean.len());
        let negative = T::splat(simd, T::of(-1.0));
        for c in (0..channels).step_by(width::<T, S>()) {
            let lanes = width::<T, S>().min(channels - c);
            let mean = T::load(simd, &by.mean[c..]);
            let scale = T::load(simd, &by.scale[c..]);
            let along = T::load(simd, &self.along[c..]);
            let shift = T::load(simd, &self.shift[c..]);
            for (row, out) in self.out[c..].chunks_mut(channels).enumerate() {
                let [g, x] = of.load(simd, row * channels + c);
                let away = T::fma(simd, mean, negative, x);
                let dx = T::fma(simd, away, along, T::fma(simd, g, scale, shift));
                T::store(simd, &mut out[..lanes], dx);
            }
        }
    }
}

/// Sums over rows, in four chains so that additions don't wait for each other: `add` adds the terms
/// of a row.
#[inline(always)]
fn sums<S: Simd, T: Scalar, const N: usize>(
    simd: S,
    rows: usize,
    add: impl Fn(usize, [T::Vector<S>; N]) -> [T::Vector<S>; N],
) -> [T::Vector<S>; N] {
    const CHAINS: usize = 4;
    let mut chains = [[T::splat(simd, T::zero()); N]; CHAINS];
    let whole = rows / CHAINS * CHAINS;
    for first in (0..whole).step_by(CHAINS) {
        for (i, chain) in chains.iter_mut().enumerate() {
            *chain = add(first + i, *chain);
        }
    }
    for (i, chain) in chains.iter_mut().enumerate() {
        if whole + i < rows {
            *chain = add(whole + i, *chain);
        }
    }
    let one = T::splat(simd, T::one());
    let [a, b, c, d] = chains;
    let plus = |a: [T::Vector<S>; N], b: [T::Vector<S>; N]| -> [T::Vector<S>; N] {
        std::array::from_fn(
            #[inline(always)]
            |n| T::fma(simd, a[n], one, b[n]),
        )
    };
    plus(plus(a, b), plus(c, d))
}
