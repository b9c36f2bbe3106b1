//! The weights' gradient as products of matrices, where few elements of the output's gradient are
//! zero. A product has the cells of a line of a window as rows, output channels as columns, and
//! pixels as the terms of its sums.

use pulp::Simd;

use super::{
    Sizes,
    padded::{Padded, Strides, corners, offsets},
    task::Task,
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::product::{Rows, Start, Taps, panel, panel_width},
    pool,
};

/// Number of terms that are enough: below it, several images are multiplied at once, so that sums are
/// loaded and stored less often.
const TERMS: usize = 192;

/// The order of the sums: `[groups, lines, rows, output channels of a group]`.
pub struct Dense {
    sizes: Sizes,
    /// Images that are multiplied at once.
    together: usize,
    /// First cell of each window of these images.
    corners: Vec<usize>,
    /// Distance of each line's first cell from the first of the window.
    lines: Vec<usize>,
    /// Cells of a line, which are adjacent: a line of the window, or the channels of one place where
    /// there are gaps.
    rows: usize,
}

impl Dense {
    /// Returns the products for a convolution.
    pub fn new(sizes: &Sizes) -> Self {
        let [kh, kw] = sizes.window.kernel;
        let [down, _] = Strides::new(sizes).cell;
        let whole_lines = sizes.groups == 1 && sizes.window.dilation[1] == 1;
        let (lines, rows) = match whole_lines {
            true => ((0..kh).map(|y| y * down).collect(), kw * sizes.in_channels),
            false => (offsets(sizes), sizes.per_group()),
        };
        let corners = corners(sizes);
        let most = sizes.images_a_task();
        let together = (TERMS / corners.len().max(1)).clamp(1, most);
        let [h, w] = sizes.window.padded();
        let image = h * w * sizes.in_channels;
        let corners = (0..together).flat_map(|i| corners.iter().map(move |c| i * image + c));
        Dense {
            sizes: *sizes,
            together,
            corners: corners.collect(),
            lines,
            rows,
        }
    }

    /// Number of sums.
    pub fn packed(&self) -> usize {
        self.lines.len() * self.rows * self.sizes.out_channels
    }

    /// Copies sums to weights, `[out_channels, in_channels / groups, kh, kw]`.
    pub fn unpack<T: Scalar>(&self, packed: &[T], weights: &mut [T]) {
        let (channels, outs) = (self.sizes.per_group(), self.sizes.out_per_group());
        let cells = self.sizes.cells();
        let area = cells / channels.max(1);
        pool::each(weights.chunks_exact_mut(cells), |out, weights| {
            let (group, column) = (out / outs, out % outs);
            let sums = packed[group * cells * outs..][column..]
                .iter()
                .step_by(outs);
            for (tap, &sum) in sums.take(cells).enumerate() {
                weights[tap % channels * area + tap / channels] = sum;
            }
        });
    }

    /// Adds the gradients of weights and bias of some images.
    #[inline(always)]
    pub fn gradients<S: Simd, T: Scalar>(&self, simd: S, task: Task<T>) {
        let (sizes, out_image) = (&self.sizes, self.sizes.out_image());
        if let Some(bias) = task.bias {
            for pixel in task.g.chunks_exact(sizes.out_channels) {
                bias.iter_mut().zip(pixel).for_each(|(sum, &g)| *sum += g);
            }
        }
        let Some(sums) = task.weight else {
            return;
        };
        let mut padded = Padded::several(sizes, self.together);
        let mut packed = Buffer::any(self.corners.len() * panel_width::<T, S>(usize::MAX));
        let images = task.x.chunks(self.together * sizes.image());
        for (x, g) in images.zip(task.g.chunks(self.together * out_image)) {
            let cells = match sizes.window.padding {
                [[0, 0], [0, 0]] => x,
                _ => {
                    padded.fill(x);
                    &padded.cells
                }
            };
            self.add(simd, g, cells, &mut packed, sums);
        }
    }

    /// Adds the gradient of the weights of some images; `packed` is scratch memory.
    #[inline(always)]
    fn add<S: Simd, T: Scalar>(
        &self,
        simd: S,
        g: &[T],
        cells: &[T],
        packed: &mut [T],
        sums: &mut [T],
    ) {
        let sizes = &self.sizes;
        let taps = Taps::new(&self.corners[..g.len() / sizes.out_channels]);
        let (channels, outs) = (sizes.per_group(), sizes.out_per_group());
        for (group, sums) in sums.chunks_exact_mut(sizes.cells() * outs).enumerate() {
            let (g, cells) = (&g[group * outs..], &cells[group * channels..]);
            let mut column = 0;
            while column < outs {
                let width = panel_width::<T, S>(outs - column);
                let columns = column..(column + width).min(outs);
                let pixels = g[column..].chunks(sizes.out_channels);
                for (packed, g) in packed.chunks_exact_mut(width).zip(pixels) {
                    packed[..columns.len()].copy_from_slice(&g[..columns.len()]);
                    packed[columns.len()..].fill(T::zero());
                }
                let lines = sums.chunks_exact_mut(self.rows * outs);
                for (line, sums) in self.lines.iter().zip(lines) {
                    panel(
                        simd,
                        (&cells[*line..], 1, taps),
                        packed,
                        &mut Rows::Spaced {
                            values: sums,
                            count: self.rows,
                            columns: outs,
                            apart: outs,
                        },
                        columns.clone(),
                        Start::Rows,
                    );
                }
                column += width;
            }
        }
    }
}
