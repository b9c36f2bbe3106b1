//! Convolutions in groups of few output channels, such as depthwise ones: the lanes of a vector are
//! output channels of different groups.
//!
//! Sixteen output channels form a block. An image is copied for each block, so that a pixel holds
//! the first input channel that each of them sees, then the second, and so on: each term of the
//! sums is then a product of vectors. The image of a block fits the first-level cache however many
//! channels there are.

mod backward;
mod forward;

pub use backward::{Of, Sums};

use std::ops::Range;

use pulp::Simd;

use super::{
    Sizes,
    padded::{Padded, corners, offsets},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::simd::{Lanes, is_tuned, width},
};

/// Output channels of a block: the lanes of the widest vectors.
const BLOCK: usize = 16;

/// Maximum number of input channels times output channels of a group: with more, copying an image
/// costs more than vectors that are filled in part.
const MOST: usize = 4;

/// The blocks of a convolution.
pub struct Blocks {
    /// Sizes of the convolution of one block.
    sizes: Sizes,
    in_channels: usize,
    /// The first input channel that each output channel sees.
    sources: Vec<usize>,
    /// Whether each output channel sees the input channel of the same number, and no other.
    same: bool,
    /// First cell of each window.
    corners: Vec<usize>,
    /// Distances of the cells of a window from its first, in the order of the sums.
    taps: Vec<usize>,
    /// The largest of `corners`, and of `taps`.
    last: [usize; 2],
}

impl Blocks {
    /// Returns the blocks of a convolution, or `None` if its groups are large or it has only one.
    pub fn new(sizes: &Sizes) -> Option<Self> {
        let (seen, outs) = (sizes.per_group(), sizes.out_per_group());
        if sizes.groups == 1 || !(1..=MOST).contains(&(seen * outs)) {
            return None;
        }
        let block = Sizes {
            in_channels: seen * BLOCK,
            out_channels: BLOCK,
            groups: BLOCK,
            ..*sizes
        };
        let corners = corners(&block);
        let cells = offsets(&block).into_iter();
        let taps = cells.flat_map(|cell| (0..seen).map(move |i| cell + i * BLOCK));
        let taps: Vec<_> = taps.collect();
        let last = [*corners.iter().max()?, *taps.iter().max()?];
        Some(Blocks {
            sizes: block,
            in_channels: sizes.in_channels,
            sources: (0..sizes.out_channels).map(|o| o / outs * seen).collect(),
            same: seen == 1 && outs == 1,
            corners,
            taps,
            last,
        })
    }

    fn count(&self) -> usize {
        self.sources.len().div_ceil(BLOCK)
    }

    /// The output channels of a block.
    fn channels(&self, block: usize) -> Range<usize> {
        block * BLOCK..((block + 1) * BLOCK).min(self.sources.len())
    }

    /// First lane of each vector of a block.
    fn lanes<S: Simd, T: Lanes>(&self, block: usize) -> impl Iterator<Item = usize> {
        (0..self.channels(block).len()).step_by(width::<T, S>())
    }

    /// The part of the packed weights that belongs to a block.
    fn weights(&self, block: usize) -> Range<usize> {
        let size = self.taps.len() * BLOCK;
        block * size..(block + 1) * size
    }

    /// Size of the packed weights.
    pub fn packed(&self) -> usize {
        self.count() * self.taps.len() * BLOCK
    }

    /// Packs weights, `[out_channels, in_channels / groups, kh, kw]`, as `[blocks, taps, BLOCK]`.
    pub fn pack<T: Scalar>(&self, weights: &[T]) -> Buffer<T> {
        let mut packed = Buffer::zeros(self.packed());
        let places = self.places().zip(weights);
        places.for_each(|(place, &weight)| packed[place] = weight);
        packed
    }

    /// Copies packed weights back.
    pub fn unpack<T: Copy>(&self, packed: &[T], weights: &mut [T]) {
        let places = self.places().zip(weights);
        places.for_each(|(place, weight)| *weight = packed[place]);
    }

    /// Position of each weight in the packed weights.
    fn places(&self) -> impl Iterator<Item = usize> {
        let (seen, taps) = (self.sizes.per_group(), self.taps.len());
        (0..self.sources.len()).flat_map(move |channel| {
            let first = channel / BLOCK * taps * BLOCK + channel % BLOCK;
            let cells = move |i| (i..taps).step_by(seen);
            (0..seen).flat_map(move |i| cells(i).map(move |tap| first + tap * BLOCK))
        })
    }

    /// Returns an image of a block, all zeros.
    pub fn image<T: Scalar>(&self) -> Padded<T> {
        Padded::new(&self.sizes)
    }

    /// Copies the channels that a block sees from an image.
    #[inline(always)]
    fn spread<T: Scalar>(&self, x: &[T], block: usize, image: &mut Padded<T>) {
        let sources = &self.sources[self.channels(block)];
        let lines = x.chunks_exact(self.sizes.window.input[1] * self.in_channels);
        for (line, x) in image.lines().zip(lines) {
            let pixels = x.chunks_exact(self.in_channels);
            let cells = line.chunks_exact_mut(self.sizes.in_channels);
            for (cell, pixel) in cells.zip(pixels) {
                if self.same {
                    copy(&pixel[sources[0]..], cell, sources.len());
                    continue;
                }
                for (i, cell) in cell.chunks_exact_mut(BLOCK).enumerate() {
                    let sources = cell.iter_mut().zip(sources);
                    sources.for_each(|(cell, source)| *cell = pixel[source + i]);
                }
            }
        }
    }

    /// Adds the image of a block to the channels of an image that it sees, and sets it to zero.
    #[inline(always)]
    fn collect<T: Scalar>(&self, image: &mut Padded<T>, block: usize, x: &mut [T]) {
        let sources = &self.sources[self.channels(block)];
        let lines = x.chunks_exact_mut(self.sizes.window.input[1] * self.in_channels);
        for (line, x) in image.lines().zip(lines) {
            let pixels = x.chunks_exact_mut(self.in_channels);
            let cells = line.chunks_exact(self.sizes.in_channels);
            for (cell, pixel) in cells.zip(pixels) {
                if self.same {
                    copy(cell, &mut pixel[sources[0]..], sources.len());
                    continue;
                }
                for (i, cell) in cell.chunks_exact(BLOCK).enumerate() {
                    let sources = cell.iter().zip(sources);
                    sources.for_each(|(&cell, source)| pixel[source + i] += cell);
                }
            }
        }
        image.cells.fill(T::zero());
    }
}

/// Copies the first `count` values, at most those of a block.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T], count: usize) {
    match (from.first_chunk::<BLOCK>(), to.first_chunk_mut::<BLOCK>()) {
        (Some(from), Some(to)) if count == BLOCK => *to = *from,
        _ => to[..count].copy_from_slice(&from[..count]),
    }
}

/// Maximum number of sums that a kernel keeps in registers: enough to hide the latency of a fused
/// multiply-add.
const fn most<T: Lanes, S: Simd>() -> usize {
    if is_tuned::<T, S>() { 8 } else { 2 }
}
