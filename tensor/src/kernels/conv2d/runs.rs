//! The cells of a window as vectors.

use super::{Sizes, padded::Strides};

/// Maximum number of sums that fit the 16 registers of AVX2 together with their operands.
const SUMS: usize = 12;

/// The cells of a group below a window form runs of adjacent values: a row of the window, or the
/// channels of one cell where there are gaps between cells. Weights are packed in the same order,
/// each run padded with zeros to whole vectors.
pub struct Runs {
    /// Distance of each run's first cell from the window's first, in packing order.
    pub cells: Vec<usize>,
    /// Size of a packed run.
    pub size: usize,
    /// Parts that a kernel keeps in registers at once.
    pub passes: Vec<Pass>,
    /// Size of the packed weights of one output channel.
    pub packed: usize,
    /// Position of each weight of an output channel in the packed weights.
    places: Vec<usize>,
}

/// A rectangle of runs and vectors.
pub struct Pass {
    /// Number of runs.
    pub runs: usize,
    /// Number of vectors of each run.
    pub vectors: usize,
    /// Distance of the first cell from the window's first.
    pub cell: usize,
    /// Distance between runs in the image.
    pub stride: usize,
    /// Position of the first weight in the packed weights.
    pub weight: usize,
    /// Distance between runs in the packed weights.
    pub packed_stride: usize,
}

impl Runs {
    /// Returns the runs for vectors of `lanes` values, in passes of at most `side` runs and
    /// vectors.
    pub fn new(sizes: &Sizes, lanes: usize, side: usize) -> Self {
        let [kh, kw] = sizes.window.kernel;
        let channels = sizes.per_group();
        let [down, across] = Strides::new(sizes).cell;
        let whole_lines = sizes.groups == 1 && sizes.window.dilation[1] == 1;
        // Sets of equally spaced runs: their first cells, their number, distance and length.
        let (sets, count, stride, len) = if whole_lines {
            (vec![0], kh, down, kw * channels)
        } else {
            ((0..kh).map(|y| y * down).collect(), kw, across, channels)
        };
        let packed_stride = len.next_multiple_of(lanes);
        let mut passes = Vec::new();
        for (set, first) in sets.iter().enumerate() {
            for (vector, vectors) in parts(packed_stride / lanes, side) {
                for (run, runs) in parts(count, side.min(SUMS / vectors)) {
                    passes.push(Pass {
                        runs,
                        vectors,
                        cell: first + run * stride + vector * lanes,
                        stride,
                        weight: (set * count + run) * packed_stride + vector * lanes,
                        packed_stride,
                    });
                }
            }
        }
        let place = |channel: usize, y: usize, x: usize| match whole_lines {
            true => y * packed_stride + x * channels + channel,
            false => (y * kw + x) * packed_stride + channel,
        };
        let cells = (0..channels).flat_map(|c| (0..kh).map(move |y| (c, y)));
        let cells = cells.flat_map(|(c, y)| (0..kw).map(move |x| place(c, y, x)));
        let runs = sets.iter();
        let runs = runs.flat_map(|first| (0..count).map(move |run| first + run * stride));
        Runs {
            cells: runs.collect(),
            size: packed_stride,
            passes,
            packed: sets.len() * count * packed_stride,
            places: cells.collect(),
        }
    }

    /// Copies weights, `[out_channels, cells]`, to their positions in `packed`, which is zero
    /// elsewhere.
    pub fn pack<T: Copy>(&self, weights: &[T], packed: &mut [T]) {
        let channels = weights.chunks_exact(self.places.len());
        for (weights, packed) in channels.zip(packed.chunks_exact_mut(self.packed)) {
            for (&weight, &place) in weights.iter().zip(&self.places) {
                packed[place] = weight;
            }
        }
    }

    /// Copies packed weights back.
    pub fn unpack<T: Copy>(&self, packed: &[T], weights: &mut [T]) {
        let channels = weights.chunks_exact_mut(self.places.len());
        for (weights, packed) in channels.zip(packed.chunks_exact(self.packed)) {
            for (weight, &place) in weights.iter_mut().zip(&self.places) {
                *weight = packed[place];
            }
        }
    }
}

/// Divides `0..n` into as few, as equal parts of at most `most` as possible; returns their starts
/// and lengths.
pub fn parts(n: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = n.div_ceil(most);
    (0..count).scan(0, move |first, part| {
        let len = (n - *first).div_ceil(count - part);
        *first += len;
        Some((*first - len, len))
    })
}
