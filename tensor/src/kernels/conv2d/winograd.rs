//! Winograd's convolution of 3×3 windows at stride 1, `F(2×2, 3×3)`: a tile of 4×4 cells gives 2×2
//! pixels, with 16 products for each pair of channels instead of 36. (Lavin, Gray: Fast algorithms
//! for convolutional neural networks, 2016)
//!
//! Cells, weights and pixels are transformed by sums and differences. Between these, each of the 16
//! places of all tiles is a product of matrices: `[tiles, in_channels]` by `[in_channels,
//! out_channels]`.
//!
//! A cell that isn't finite affects the pixels whose windows contain it, and no others, as in a plain
//! sum; but where that gives an infinity, there may be NaN.

use std::ops::Range;

use pulp::Simd;

use super::{
    Sizes,
    forward::Grid,
    packed::Scratch,
    padded::{Padded, Strides},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        pack::{Matrix, panels},
        product::{Rows, Start, Taps, panel, panel_width},
        simd::width,
    },
    pool,
};

/// Places of a tile, column by column.
const PLACES: usize = 16;

/// Minimum number of pairs of channels: below it, products are too short to make up for the
/// transforms.
const PAIRS: usize = 512;

/// Channels are a multiple of this: whole vectors, whatever their width.
const MULTIPLE: usize = 16;

/// Number of tiles that are multiplied at once: as many as the second-level cache has room for.
const TILES: usize = 64;

/// A convolution by tiles.
pub struct Winograd {
    /// With padding that completes the last tiles.
    sizes: Sizes,
    /// Size of an image of the output.
    output: [usize; 2],
    /// Offsets of the terms of a product.
    offsets: Vec<usize>,
}

impl Winograd {
    /// Returns the method for a convolution; `None` if it has other windows, or few channels.
    pub fn new(sizes: &Sizes) -> Option<Self> {
        let mut sizes = *sizes;
        let window = &mut sizes.window;
        let output = window.output().ok()?;
        let is_plain = window.stride == [1; 2] && window.dilation == [1; 2] && sizes.groups == 1;
        let channels = [sizes.in_channels, sizes.out_channels];
        let is_wide = channels.iter().all(|c| c % MULTIPLE == 0)
            && channels.iter().product::<usize>() >= PAIRS;
        if window.kernel != [3; 2] || !is_plain || !is_wide {
            return None;
        }
        for (padding, size) in window.padding.iter_mut().zip(output) {
            padding[1] += size % 2;
        }
        Some(Winograd {
            output,
            offsets: (0..sizes.in_channels).collect(),
            sizes,
        })
    }

    /// Returns an image that tiles are read from.
    pub fn image<T: Scalar>(&self) -> Padded<T> {
        Padded::new(&self.sizes)
    }

    /// Size of the scratch memory for the tiles of an image, or of some of its lines.
    pub fn scratch_len(&self) -> usize {
        let tiles = self.lines_of_tiles() * self.tiles_across();
        PLACES * tiles * (self.sizes.in_channels + self.sizes.out_channels)
    }

    /// Maximum number of lines of tiles that are multiplied at once.
    fn lines_of_tiles(&self) -> usize {
        let all = self.output[0].div_ceil(2);
        (TILES / self.tiles_across()).clamp(1, all)
    }

    fn tiles_across(&self) -> usize {
        self.output[1].div_ceil(2)
    }

    /// Transforms weights, `[out_channels, in_channels, 3, 3]`, and packs them for the products of
    /// one place after another.
    pub fn pack<T: Scalar>(&self, w: &[T]) -> Buffer<T> {
        let (ins, outs) = (self.sizes.in_channels, self.sizes.out_channels);
        // [in_channels, places, out_channels]
        let mut transformed = Buffer::any(ins * PLACES * outs);
        let channels = transformed.chunks_mut(PLACES * outs);
        pool::each(channels, |channel, places| {
            let windows = w.chunks_exact(9).skip(channel).step_by(ins);
            for (out, window) in windows.enumerate() {
                let values = of_weights(window).into_iter().flatten();
                for (place, value) in values.enumerate() {
                    places[place * outs + out] = value;
                }
            }
        });
        let place = ins * outs;
        let mut packed = Buffer::any(PLACES * place);
        pool::each(packed.chunks_mut(place), |i, out| {
            let weights = Matrix {
                data: &transformed[i * outs..],
                row: PLACES * outs,
                col: 1,
            };
            weights.pack_first(ins, outs, out);
        });
        packed
    }

    /// Convolves some lines of an image, of which the first is even, and adds the bias to each
    /// pixel.
    #[inline(always)]
    pub fn convolve<S: Simd, T: Scalar>(
        &self,
        simd: S,
        scratch: &mut Scratch<T>,
        (weights, bias): (&[T], Option<&[T]>),
        (lines, grid): (Range<usize>, &Grid),
        out: &mut [T],
    ) {
        let (ins, outs) = (self.sizes.in_channels, self.sizes.out_channels);
        let most = self.lines_of_tiles();
        let Scratch { image, tiles } = scratch;
        let middle = tiles.len() / (ins + outs) * ins;
        let (x, y) = tiles.split_at_mut(middle);
        for first in lines.clone().step_by(2 * most) {
            let strip = first..(first + 2 * most).min(lines.end);
            let tiles = strip.len().div_ceil(2) * self.tiles_across();
            let (x, y) = (
                &mut x[..PLACES * tiles * ins],
                &mut y[..PLACES * tiles * outs],
            );
            self.transform(simd, &image.cells, first, x);
            self.multiply(simd, x, weights, y);
            let strip = first - lines.start..strip.end - lines.start;
            self.write(simd, y, bias, (strip, grid), out);
        }
    }

    /// Transforms the tiles of a strip that begins at a line: `[places, tiles, in_channels]`.
    #[inline(always)]
    fn transform<S: Simd, T: Scalar>(&self, simd: S, cells: &[T], line: usize, out: &mut [T]) {
        let [down, channels] = Strides::new(&self.sizes).cell.map(|x| x / width::<T, S>());
        let (cells, out) = (T::vectors::<S>(cells), T::vectors_mut::<S>(out));
        let plane = out.len() / PLACES;
        for tile in 0..plane / channels {
            let (y, x) = (tile / self.tiles_across(), tile % self.tiles_across());
            let corner = &cells[(line + 2 * y) * down + 2 * x * channels..];
            let out = &mut out[tile * channels..];
            for c in 0..channels {
                let mut values = [[T::splat(simd, T::zero()); 4]; 4];
                for (i, values) in values.iter_mut().enumerate() {
                    let row = &corner[i * down + c..];
                    let cells = [row[0], row[channels], row[2 * channels], row[3 * channels]];
                    *values = differences::<S, T>(simd, cells);
                }
                for j in 0..4 {
                    let column = [values[0][j], values[1][j], values[2][j], values[3][j]];
                    let column = differences::<S, T>(simd, column);
                    for (i, value) in column.into_iter().enumerate() {
                        out[(4 * j + i) * plane + c] = value;
                    }
                }
            }
        }
    }

    /// Multiplies the tiles by the weights, place by place: `[places, tiles, out_channels]`.
    #[inline(always)]
    fn multiply<S: Simd, T: Scalar>(&self, simd: S, x: &[T], weights: &[T], out: &mut [T]) {
        let (ins, outs) = (self.sizes.in_channels, self.sizes.out_channels);
        let weights = weights.chunks_exact(weights.len() / PLACES);
        let factors = x.chunks_exact(x.len() / PLACES).zip(weights);
        for ((x, weights), out) in factors.zip(out.chunks_exact_mut(out.len() / PLACES)) {
            let mut rows = Rows::Spaced {
                count: out.len() / outs,
                values: out,
                columns: outs,
                apart: outs,
            };
            for (columns, at) in panels::<S, T>(outs, ins) {
                let weights = &weights[at..][..ins * panel_width::<T, S>(columns.len())];
                let x = (x, ins, Taps::new(&self.offsets));
                panel(simd, x, weights, &mut rows, columns, Start::Zero);
            }
        }
    }

    /// Transforms products to pixels, and writes these to lines of the grid.
    #[inline(always)]
    fn write<S: Simd, T: Scalar>(
        &self,
        simd: S,
        products: &[T],
        bias: Option<&[T]>,
        (lines, grid): (Range<usize>, &Grid),
        out: &mut [T],
    ) {
        let channels = self.sizes.out_channels / width::<T, S>();
        let (products, bias) = (T::vectors::<S>(products), bias.map(T::vectors::<S>));
        let plane = products.len() / PLACES;
        for tile in 0..plane / channels {
            let [y, x] = [tile / self.tiles_across(), tile % self.tiles_across()].map(|i| 2 * i);
            let (rows, columns) = ((lines.len() - y).min(2), (self.output[1] - x).min(2));
            let first = grid.first + (lines.start + y) * grid.line + x * grid.pixel;
            let products = &products[tile * channels..];
            for c in 0..channels {
                let mut values = [[T::splat(simd, T::zero()); 2]; 4];
                for (j, values) in values.iter_mut().enumerate() {
                    let column = &products[4 * j * plane + c..];
                    let column = [
                        column[0],
                        column[plane],
                        column[2 * plane],
                        column[3 * plane],
                    ];
                    *values = sums::<S, T>(simd, column);
                }
                let bias = match bias {
                    Some(bias) => bias[c],
                    None => T::splat(simd, T::zero()),
                };
                for i in 0..2 {
                    let row = [values[0][i], values[1][i], values[2][i], values[3][i]];
                    let row = sums::<S, T>(simd, row);
                    for (j, pixel) in row.into_iter().enumerate() {
                        if i < rows && j < columns {
                            let pixels = &mut out[first + i * grid.line + j * grid.pixel..];
                            T::vectors_mut::<S>(pixels)[c] = T::plus(simd, pixel, bias);
                        }
                    }
                }
            }
        }
    }
}

/// `Bᵀ d`: what a line of four cells contributes to four places.
#[inline(always)]
fn differences<S: Simd, T: Scalar>(simd: S, [a, b, c, d]: [T::Vector<S>; 4]) -> [T::Vector<S>; 4] {
    [
        T::minus(simd, a, c),
        T::plus(simd, b, c),
        T::minus(simd, c, b),
        T::minus(simd, b, d),
    ]
}

/// `Aᵀ m`: the two pixels of a line of four places.
#[inline(always)]
fn sums<S: Simd, T: Scalar>(simd: S, [a, b, c, d]: [T::Vector<S>; 4]) -> [T::Vector<S>; 2] {
    [
        T::plus(simd, T::plus(simd, a, b), c),
        T::minus(simd, T::minus(simd, b, c), d),
    ]
}

/// `G g Gᵀ`: the weights of a window at each place.
fn of_weights<T: Scalar>(window: &[T]) -> [[T; 4]; 4] {
    let half = T::of(0.5);
    let spread = |[a, b, c]: [T; 3]| {
        let (outer, inner) = (half * (a + c), half * b);
        [a, outer + inner, outer - inner, c]
    };
    let rows = [0, 3, 6].map(|i| spread([window[i], window[i + 1], window[i + 2]]));
    [0, 1, 2, 3].map(|j| spread(rows.map(|row| row[j])))
}
