//! Group normalization: mean and variance are those of some channels of one image.

use super::{
    Channels,
    passes::{Backward, Forward, Gradient, Moments, Sums},
    piece,
};
use crate::{Scalar, buffer::Buffer, kernels::simd, pool};

/// How groups of channels are normalized.
pub struct Groups<T> {
    /// Number of groups; it divides the number of channels.
    pub groups: usize,
    /// Values of a channel in an image.
    pub area: usize,
    /// Added to the variance.
    pub eps: f64,
    /// One number a channel.
    pub weight: Vec<T>,
    pub bias: Vec<T>,
}

impl<T: Scalar> Groups<T> {
    /// Computes `(x − mean) / √(var + eps) · weight + bias` for images `x`, `[n, area, channels]`.
    /// Returns mean and `1 / √(var + eps)` of each group, too, `[n, 2, groups]`.
    pub fn forward(&self, x: &[T]) -> (Buffer<T>, Buffer<T>) {
        let (image, stats) = (self.image(), 2 * self.groups);
        let task = piece(image);
        let mut out = Buffer::any(x.len());
        let mut moments = Buffer::any(x.len() / image * stats);
        let tasks = x.chunks(task).zip(out.chunks_mut(task));
        let tasks = tasks.zip(moments.chunks_mut(task / image * stats));
        pool::each(tasks, |_, ((x, out), moments)| {
            let channels = self.channels();
            let (mut means, mut squares) = (vec![T::zero(); channels], vec![T::zero(); channels]);
            let mut by = self.unset();
            let images = x.chunks(image).zip(out.chunks_mut(image));
            for ((x, out), moments) in images.zip(moments.chunks_mut(stats)) {
                let (means, squares) = (&mut means[..], &mut squares[..]);
                simd::run_for::<T, _>(Moments { x, means, squares });
                self.combine(means, squares, moments);
                self.set(&mut by, moments);
                simd::run_for::<T, _>(Forward { by: &by, x, out });
            }
        });
        (out, moments)
    }

    /// Computes the gradients of `x`, weights and biases, given that of the result and what
    /// [`Groups::forward`] returned.
    pub fn backward(&self, g: &[T], x: &[T], moments: &[T]) -> (Buffer<T>, [Vec<f64>; 2]) {
        let (image, channels, stats) = (self.image(), self.channels(), 2 * self.groups);
        let task = piece(image);
        let mut dx = Buffer::any(x.len());
        let mut parts = Buffer::any(x.len() / image * 2 * channels);
        let tasks = g.chunks(task).zip(x.chunks(task)).zip(dx.chunks_mut(task));
        let tasks = tasks.zip(parts.chunks_mut(task / image * 2 * channels));
        let tasks = tasks.zip(moments.chunks(task / image * stats));
        pool::each(tasks, |_, ((((g, x), dx), parts), moments)| {
            let mut by = self.unset();
            let mut through = [vec![T::zero(); channels], vec![T::zero(); channels]];
            let images = g.chunks(image).zip(x.chunks(image));
            let images = images.zip(dx.chunks_mut(image));
            let images = images.zip(parts.chunks_mut(2 * channels));
            for ((((g, x), out), part), moments) in images.zip(moments.chunks(stats)) {
                self.set(&mut by, moments);
                let gradient = || Gradient { g, x, y: None };
                let (along, sums) = part.split_at_mut(channels);
                simd::run_for::<T, _>(Sums {
                    of: gradient(),
                    mean: &by.mean,
                    along,
                    sums,
                });
                along
                    .iter_mut()
                    .zip(&by.rstd)
                    .for_each(|(a, &rstd)| *a *= rstd);
                self.through(&by, [along, sums], &mut through);
                let [along, shift] = &through;
                simd::run_for::<T, _>(Backward {
                    by: &by,
                    of: gradient(),
                    along,
                    shift,
                    out,
                });
            }
        });
        if self.area * self.members() == 1 {
            // The results are the biases, whatever the values: exactly nothing, not what rounding
            // leaves of a difference.
            dx.fill(T::zero());
        }
        let total = |c: usize| -> f64 {
            let parts = parts.chunks_exact(2 * channels);
            parts.map(|part| part[c].widen()).sum()
        };
        let [dw, db] = [0, channels].map(|first| (first..first + channels).map(total).collect());
        (dx, [dw, db])
    }

    fn channels(&self) -> usize {
        self.weight.len()
    }

    /// Values of an image.
    fn image(&self) -> usize {
        (self.area * self.channels()).max(1)
    }

    /// Channels of a group.
    fn members(&self) -> usize {
        self.channels() / self.groups
    }

    /// Computes mean and `1 / √(var + eps)` of each group, given the means of the channels and the
    /// sums of the squares of the differences from them (Chan et al. 1979).
    fn combine(&self, means: &[T], squares: &[T], moments: &mut [T]) {
        let (members, area) = (self.members(), self.area as f64);
        let (group_means, rstds) = moments.split_at_mut(self.groups);
        let of_groups = means.chunks(members).zip(squares.chunks(members));
        for ((means, squares), (out, rstd)) in of_groups.zip(group_means.iter_mut().zip(rstds)) {
            let mean = means.iter().map(|m| m.widen()).sum::<f64>() / members as f64;
            let squares = squares.iter().zip(means).map(|(squares, m)| {
                let away = m.widen() - mean;
                squares.widen() + area * away * away
            });
            let var = squares.sum::<f64>() / (area * members as f64);
            *out = T::of(mean);
            *rstd = T::of(1.0 / (var + self.eps).sqrt());
        }
    }

    /// The channels of an image, to be [`set`](Self::set).
    fn unset(&self) -> Channels<T> {
        let [mean, rstd, scale] = [(); 3].map(|()| vec![T::zero(); self.channels()]);
        Channels {
            mean,
            rstd,
            scale,
            bias: self.bias.clone(),
            flows: true,
            relu: false,
        }
    }

    /// Gives each channel the moments of its group.
    fn set(&self, by: &mut Channels<T>, moments: &[T]) {
        let (means, rstds) = moments.split_at(self.groups);
        for (c, &weight) in self.weight.iter().enumerate() {
            let group = c / self.members();
            by.mean[c] = means[group];
            by.rstd[c] = rstds[group];
            by.scale[c] = rstds[group] * weight;
        }
    }

    /// Computes the factor of `x − mean` and the summand of each channel in the gradient of `x`:
    /// what flows through its group's mean and variance. `sums` are the gradients of weights and
    /// biases of this image.
    fn through(&self, by: &Channels<T>, sums: [&[T]; 2], through: &mut [Vec<T>; 2]) {
        let members = self.members();
        let share = -1.0 / (self.area * members).max(1) as f64;
        for group in 0..self.groups {
            let range = group * members..(group + 1) * members;
            let weight = &self.weight[range.clone()];
            let rstd = by.rstd[range.start].widen();
            let [along, shift] = sums.map(|sums| {
                let terms = sums[range.clone()].iter().zip(weight);
                terms.map(|(sum, w)| sum.widen() * w.widen()).sum::<f64>() * share * rstd
            });
            through[0][range.clone()].fill(T::of(along * rstd));
            through[1][range].fill(T::of(shift));
        }
    }
}
