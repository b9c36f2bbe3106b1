//! Gradients of a block, given that of its result, `[oh, ow, BLOCK]`.

use pulp::Simd;

use super::{BLOCK, Blocks, copy, most};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        conv2d::{padded::Padded, runs::parts},
        simd::width,
    },
};

/// What the gradients of one image are computed from.
pub struct Of<'a, T: Scalar> {
    /// Gradient of the output.
    pub g: &'a [T],
    /// With max-pooling after `relu`, the output.
    pub out: Option<&'a [T]>,
    /// With max-pooling, the pixel that each value is from.
    pub index: Option<&'a [T::Index]>,
    pub x: &'a [T],
    /// Packed.
    pub weights: &'a [T],
}

/// The gradients that the gradients of one image are added to; that of the weights is packed.
pub struct Sums<'a, T> {
    /// Of the image itself, which is written.
    pub input: Option<&'a mut [T]>,
    pub weight: Option<&'a mut [T]>,
    pub bias: Option<&'a mut [T]>,
}

/// Memory that is used again for each image.
pub struct Scratch<T: Scalar> {
    image: Padded<T>,
    input: Padded<T>,
    g: Buffer<T>,
}

impl Blocks {
    pub fn scratch<T: Scalar>(&self) -> Scratch<T> {
        Scratch {
            image: Padded::new(&self.sizes),
            input: Padded::new(&self.sizes),
            g: Buffer::zeros(self.corners.len() * BLOCK),
        }
    }

    /// Computes the gradients of one image.
    #[inline(always)]
    pub fn gradients<S: Simd, T: Scalar>(
        &self,
        simd: S,
        of: Of<T>,
        scratch: &mut Scratch<T>,
        mut sums: Sums<T>,
    ) {
        let Scratch { image, input, g } = scratch;
        if let Some(input) = &mut sums.input {
            input.fill(T::zero());
        }
        for block in 0..self.count() {
            self.gradient(&of, block, g);
            if let Some(bias) = &mut sums.bias {
                add_bias(g, &mut bias[self.channels(block)]);
            }
            if let Some(weight) = &mut sums.weight {
                self.spread(of.x, block, image);
                self.add_cells(
                    simd,
                    block,
                    g,
                    &image.cells,
                    &mut weight[self.weights(block)],
                );
            }
            if let Some(sum) = &mut sums.input {
                self.add_weights(
                    simd,
                    block,
                    g,
                    &of.weights[self.weights(block)],
                    &mut input.cells,
                );
                self.collect(input, block, sum);
            }
        }
    }

    /// Copies the gradient of a block's channels before max-pooling.
    #[inline(always)]
    fn gradient<T: Scalar>(&self, of: &Of<T>, block: usize, to: &mut [T]) {
        let (channels, columns) = (self.channels(block), self.sources.len());
        let pixels = of.g.chunks_exact(columns);
        let Some(index) = of.index else {
            for (to, g) in to.chunks_exact_mut(BLOCK).zip(pixels) {
                copy(&g[channels.start..], to, channels.len());
            }
            return;
        };
        to.fill(T::zero());
        for (pixel, (g, index)) in pixels.zip(index.chunks_exact(columns)).enumerate() {
            let out = of.out.map(|out| &out[pixel * columns..][..columns]);
            for (lane, channel) in channels.clone().enumerate() {
                let is_cut = out.is_some_and(|out| out[channel] <= T::zero());
                let g = if is_cut { T::zero() } else { g[channel] };
                to[T::index(index[channel]) * BLOCK + lane] += g;
            }
        }
    }

    /// Gradient of the weights: adds the cells of each window times the gradient of its pixel.
    #[inline(always)]
    fn add_cells<S: Simd, T: Scalar>(
        &self,
        simd: S,
        block: usize,
        g: &[T],
        cells: &[T],
        sums: &mut [T],
    ) {
        for (first, count) in parts(self.taps.len(), most::<T, S>()) {
            let taps = &self.taps[first..first + count];
            let sums = &mut sums[first * BLOCK..(first + count) * BLOCK];
            macro_rules! of {
                ($($taps:literal)*) => {
                    match count {
                        $($taps if const { $taps <= most::<T, S>() } => {
                            for lane in self.lanes::<S, T>(block) {
                                let (g, cells) = (&g[lane..], &cells[lane..]);
                                self.add_taps::<S, T, $taps>(simd, g, cells, taps, &mut sums[lane..]);
                            }
                        })*
                        _ => unreachable!("at most 8 taps at once"),
                    }
                };
            }
            of!(1 2 3 4 5 6 7 8);
        }
    }

    /// The same for one vector of channels and some of the taps.
    #[inline(always)]
    fn add_taps<S: Simd, T: Scalar, const TAPS: usize>(
        &self,
        simd: S,
        g: &[T],
        cells: &[T],
        taps: &[usize],
        out: &mut [T],
    ) {
        let taps: [usize; TAPS] = std::array::from_fn(|i| taps[i]);
        let lanes = width::<T, S>();
        let mut sums = taps.map(|_| T::splat(simd, T::zero()));
        for (sum, out) in sums.iter_mut().zip(out.chunks(BLOCK)) {
            *sum = T::load(simd, out);
        }
        let [corner, tap] = self.last;
        assert!(corner + tap + lanes <= cells.len());
        for (&corner, g) in self.corners.iter().zip(g.chunks(BLOCK)) {
            let g = T::load(simd, g);
            for (sum, &tap) in sums.iter_mut().zip(&taps) {
                let place = corner + tap;
                // SAFETY: neither is larger than the last of its kind, so by the assertion above
                // `place + lanes <= cells.len()`.
                let cell = unsafe { cells.get_unchecked(place..place + lanes) };
                *sum = T::fma(simd, g, T::load(simd, cell), *sum);
            }
        }
        for (sum, out) in sums.into_iter().zip(out.chunks_mut(BLOCK)) {
            T::store(simd, out, sum);
        }
    }

    /// Gradient of the input: adds the weights times the gradient of each pixel to the cells of its
    /// window. The order is pixel by pixel, whatever the width of vectors.
    #[inline(always)]
    fn add_weights<S: Simd, T: Scalar>(
        &self,
        simd: S,
        block: usize,
        g: &[T],
        weights: &[T],
        cells: &mut [T],
    ) {
        let lanes = width::<T, S>();
        let [corner, tap] = self.last;
        for lane in self.lanes::<S, T>(block) {
            let (g, weights, cells) = (&g[lane..], &weights[lane..], &mut cells[lane..]);
            assert!(corner + tap + lanes <= cells.len());
            for (&corner, g) in self.corners.iter().zip(g.chunks(BLOCK)) {
                let g = T::load(simd, g);
                for (&tap, weight) in self.taps.iter().zip(weights.chunks(BLOCK)) {
                    let place = corner + tap;
                    // SAFETY: as in `add_taps`.
                    let cell = unsafe { cells.get_unchecked_mut(place..place + lanes) };
                    let sum = T::fma(simd, g, T::load(simd, weight), T::load(simd, cell));
                    T::store(simd, cell, sum);
                }
            }
        }
    }
}

/// Gradient of the bias.
#[inline(always)]
fn add_bias<T: Scalar>(g: &[T], bias: &mut [T]) {
    let mut sums = [T::zero(); BLOCK];
    for g in g.chunks_exact(BLOCK) {
        sums.iter_mut().zip(g).for_each(|(sum, &g)| *sum += g);
    }
    let sums = bias.iter_mut().zip(sums);
    sums.for_each(|(bias, sum)| *bias += sum);
}
