//! Forward pass: several adjacent pixels at once, so that each vector of weights is loaded once for
//! all of them.

use std::ops::Range;

use pulp::Simd;

use super::{BLOCK, Blocks, most};
use crate::{
    Scalar,
    kernels::{
        conv2d::{
            padded::{Padded, Strides},
            runs::parts,
        },
        simd::{is_tuned, width},
    },
};

impl Blocks {
    /// Convolves one image with packed weights and adds the bias; `image` is scratch memory.
    #[inline(always)]
    pub fn convolve<S: Simd, T: Scalar>(
        &self,
        simd: S,
        x: &[T],
        (weights, bias): (&[T], Option<&[T]>),
        image: &mut Padded<T>,
        out: &mut [T],
    ) {
        let Ok([_, across]) = self.sizes.window.output() else {
            return;
        };
        let [down, step] = Strides::new(&self.sizes).window;
        let (columns, lanes) = (self.sources.len(), width::<T, S>());
        let tiles: Vec<_> = parts(across, most::<T, S>()).collect();
        for block in 0..self.count() {
            self.spread(x, block, image);
            let weights = &weights[self.weights(block)];
            for (y, out) in out.chunks_exact_mut(across * columns).enumerate() {
                for lane in self.lanes::<S, T>(block) {
                    let channel = block * BLOCK + lane;
                    let start = bias.map(|bias| T::load(simd, &bias[channel..]));
                    let mut line = Line::<S, T> {
                        blocks: self,
                        cells: &image.cells[y * down + lane..],
                        weights: &weights[lane..],
                        start: start.unwrap_or(T::splat(simd, T::zero())),
                        out,
                        channels: channel..(channel + lanes).min(columns),
                    };
                    // A constant distance between pixels needs no registers.
                    match step {
                        BLOCK if const { is_tuned::<T, S>() } => line.tiles(simd, &tiles, BLOCK),
                        _ => line.tiles(simd, &tiles, step),
                    }
                }
            }
        }
    }
}

/// A vector of channels of one line of an image.
struct Line<'a, S: Simd, T: Scalar> {
    blocks: &'a Blocks,
    /// From the first cell on.
    cells: &'a [T],
    /// From the first lane on.
    weights: &'a [T],
    /// What the sums start from.
    start: T::Vector<S>,
    /// The line with all its channels.
    out: &'a mut [T],
    channels: Range<usize>,
}

impl<S: Simd, T: Scalar> Line<'_, S, T> {
    /// Convolves the whole line: `tiles` are the first pixels and the numbers of pixels of its
    /// parts.
    #[inline(always)]
    fn tiles(&mut self, simd: S, tiles: &[(usize, usize)], step: usize) {
        macro_rules! of {
            ($($pixels:literal)*) => {
                for &(first, count) in tiles {
                    match count {
                        $($pixels if const { $pixels <= most::<T, S>() } => {
                            self.tile::<$pixels>(simd, first, step);
                        })*
                        _ => unreachable!("a tile has at most 8 pixels"),
                    }
                }
            };
        }
        of!(1 2 3 4 5 6 7 8);
    }

    #[inline(always)]
    fn tile<const PIXELS: usize>(&mut self, simd: S, first: usize, step: usize) {
        let (blocks, columns) = (self.blocks, self.blocks.sources.len());
        let cells = &self.cells[first * step..];
        let lanes = width::<T, S>();
        let [_, last] = blocks.last;
        assert!((PIXELS - 1) * step + last + lanes <= cells.len());
        let mut sums = [self.start; PIXELS];
        for (weights, &tap) in self.weights.chunks(BLOCK).zip(&blocks.taps) {
            let weight = T::load(simd, weights);
            for (i, sum) in sums.iter_mut().enumerate() {
                let place = tap + i * step;
                // SAFETY: `tap <= last` and `i < PIXELS`, so by the assertion above `place +
                // lanes <= cells.len()`.
                let cell = unsafe { cells.get_unchecked(place..place + lanes) };
                *sum = T::fma(simd, T::load(simd, cell), weight, *sum);
            }
        }
        let pixels = self.out[first * columns..].chunks_exact_mut(columns);
        for (pixel, sum) in pixels.zip(sums) {
            T::store(simd, &mut pixel[self.channels.clone()], sum);
        }
    }
}
