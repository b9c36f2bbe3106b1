//! Normalization: over each channel, and over each row.

use super::{columns, simd::vectorized};
use crate::{Scalar, buffer::Buffer, pool};

/// Mean and variance of each channel of `x`, `[rows, channels]`; the variance is divided by the
/// number of rows.
pub fn moments<T: Scalar>(x: &[T], channels: usize) -> (Vec<T>, Vec<T>) {
    let count = (x.len() / channels).max(1) as f64;
    let means = |sums: Vec<f64>| sums.into_iter().map(|sum| T::of(sum / count)).collect();
    let [sums] = columns::sums(x, x, channels, |_, x, _| [x]);
    let mean: Vec<T> = means(sums);
    let by_channel = &mean[..channels];
    let [squares] = columns::sums(x, x, channels, |c, x, _| {
        [(x - by_channel[c]) * (x - by_channel[c])]
    });
    let var = means(squares);
    (mean, var)
}

/// What a channel is normalized by, one number a channel each.
pub struct Channels<T> {
    /// The mean.
    pub mean: Vec<T>,
    /// `1 / √(var + eps)`.
    pub rstd: Vec<T>,
    /// `rstd` times the weight.
    pub scale: Vec<T>,
    /// Whether mean and variance are those of the normalized values, so that gradients flow through
    /// them.
    pub flows: bool,
}

impl<T: Scalar> Channels<T> {
    /// `(x − mean) · scale + bias` for `x`, `[rows, channels]`.
    pub fn forward(&self, x: &[T], bias: &[T]) -> Buffer<T> {
        let channels = self.mean.len();
        let (mean, scale, bias) = (
            &self.mean[..channels],
            &self.scale[..channels],
            &bias[..channels],
        );
        columns::map(x, x, channels, |c, x, _| (x - mean[c]) * scale[c] + bias[c])
    }

    /// The gradients of the weights and of the biases, and that of `x` if it is needed.
    pub fn backward(&self, g: &[T], x: &[T], need_x: bool) -> (Option<Buffer<T>>, [Vec<f64>; 2]) {
        let channels = self.mean.len();
        let (mean, rstd, scale) = (
            &self.mean[..channels],
            &self.rstd[..channels],
            &self.scale[..channels],
        );
        let [dw, db] = columns::sums(g, x, channels, |c, g, x| [g * (x - mean[c]) * rstd[c], g]);
        let dx = need_x.then(|| {
            // What flows through a channel's mean and variance: nothing where they are constants.
            let count = (x.len() / channels).max(1) as f64;
            let share = if self.flows { 1.0 / count } else { 0.0 };
            let through =
                |sums: &[f64]| -> Vec<T> { sums.iter().map(|sum| T::of(sum * share)).collect() };
            let (dw, db) = (through(&dw), through(&db));
            let (dw, db) = (&dw[..channels], &db[..channels]);
            columns::map(g, x, channels, |c, g, x| {
                scale[c] * (g - db[c] - (x - mean[c]) * rstd[c] * dw[c])
            })
        });
        (dx, [dw, db])
    }
}

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
