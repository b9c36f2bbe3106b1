//! The passes over a piece of memory, `[rows, channels]`. The lanes of a vector are channels.

use pulp::{Simd, WithSimd};

use super::Channels;
use crate::{Scalar, kernels::simd::width};

/// Sums of a piece: the means, and the squares of the differences from them.
pub struct Moments<'a, T> {
    pub x: &'a [T],
    pub means: &'a mut [T],
    pub squares: &'a mut [T],
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

pub struct Forward<'a, T> {
    pub by: &'a Channels<T>,
    pub x: &'a [T],
    pub out: &'a mut [T],
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
pub struct Gradient<'a, T> {
    /// Gradient of the result.
    pub g: &'a [T],
    pub x: &'a [T],
    /// The result, if `relu` was applied to it.
    pub y: Option<&'a [T]>,
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
pub struct Sums<'a, T> {
    pub of: Gradient<'a, T>,
    pub mean: &'a [T],
    pub along: &'a mut [T],
    pub sums: &'a mut [T],
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
pub struct Backward<'a, T> {
    pub by: &'a Channels<T>,
    pub of: Gradient<'a, T>,
    pub along: &'a [T],
    pub shift: &'a [T],
    pub out: &'a mut [T],
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
