//! Forward pass of a convolution.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::{
    Packed, Sizes, TASKS,
    packed::{Algorithm, Scratch},
    padded::{Padded, Strides},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        maxpool2d::{self, Windows},
        product::{Rows, Start, Taps, block, panel, panel_width},
        simd::{self, width},
    },
    pool,
};

/// Convolves `x`, `[images, h, w, in_channels]`, with the weights `w`, packed for
/// [long lines](Sizes::with_long_lines), and adds `bias` to each pixel: returns `[images, oh, ow,
/// out_channels]`. With max-pooling, also returns the pixel that each value is from, as the backward
/// pass identifies it.
pub fn forward<T: Scalar>(
    x: &[T],
    w: &Packed<T>,
    bias: Option<&[T]>,
    sizes: &Sizes,
) -> (Buffer<T>, Buffer<T::Index>) {
    let len = sizes.images * sizes.out_image();
    let mut out = Buffer::any(len);
    let mut index = Buffer::any(if sizes.max_pool.is_some() { len } else { 0 });
    if !x.is_empty() && len > 0 {
        let sizes = &sizes.with_long_lines();
        convolve(
            x,
            (w, bias),
            sizes,
            &Grid::adjacent(sizes),
            (&mut out, &mut index),
        );
    }
    (out, index)
}

/// Multiply-adds of a task that is a part of an image: about five microseconds.
const PART: usize = 1 << 18;

/// Where the pixels of an image of the output are written.
pub struct Grid {
    /// Size of an image of the output.
    pub image: usize,
    /// Position of the first pixel.
    pub first: usize,
    /// Distance between lines.
    pub line: usize,
    /// Distance between the pixels of a line.
    pub pixel: usize,
}

impl Grid {
    /// One pixel after another.
    fn adjacent(sizes: &Sizes) -> Self {
        let [_, across] = sizes.window.output().unwrap_or_default();
        Grid {
            image: sizes.out_image(),
            first: 0,
            line: across * sizes.out_channels,
            pixel: sizes.out_channels,
        }
    }
}

/// Convolves `x` with weights, adds the bias, and writes the pixels to a grid. Only with pixels that
/// are adjacent may there be groups of few channels, `relu` or pooling.
pub fn convolve<T: Scalar>(
    x: &[T],
    (w, bias): (&Packed<T>, Option<&[T]>),
    sizes: &Sizes,
    grid: &Grid,
    (out, index): (&mut [T], &mut [T::Index]),
) {
    let in_blocks = matches!(w.algorithm, Algorithm::Blocks(_));
    // A pixel is identified by what the backward pass needs: its number in blocks, otherwise the
    // first cell of its window.
    let label = |pixel| match in_blocks {
        true => pixel,
        false => w.corners[pixel],
    };
    let windows = sizes.max_pool.as_ref();
    let windows = windows.map(|w| Windows::new(w, sizes.out_channels, label));
    let task = |x, lines, out, index| Task {
        x,
        lines,
        packed: w,
        bias,
        windows: windows.as_ref(),
        sizes,
        grid,
        out,
        index,
    };
    let [down, _] = sizes.window.output().unwrap_or_default();
    let parts = match !in_blocks && windows.is_none() && grid.image == down * grid.line {
        true => parts(sizes).min(down),
        false => 1,
    };
    let tasks: Vec<_> = if parts > 1 {
        // The tiles of two lines are the same whatever the number of parts.
        let lines = down.div_ceil(parts).next_multiple_of(2);
        let images = x.chunks(sizes.image()).zip(out.chunks_mut(grid.image));
        let parts = images.flat_map(|(x, out)| {
            let outs = out.chunks_mut(lines * grid.line).enumerate();
            outs.map(move |(i, out)| (x, i * lines..((i + 1) * lines).min(down), out))
        });
        parts
            .map(|(x, lines, out)| task(x, lines, out, Default::default()))
            .collect()
    } else {
        let images = sizes.images_a_task();
        let mut indices = index.chunks_mut(images * sizes.out_image());
        let outs = out.chunks_mut(images * grid.image);
        let tasks = x.chunks(images * sizes.image()).zip(outs);
        tasks
            .map(|(x, out)| task(x, 0..down, out, indices.next().unwrap_or_default()))
            .collect()
    };
    pool::each(tasks, |_, task| simd::run_for::<T, _>(task));
}

/// Number of tasks for an image: several if there are fewer images than threads could take.
fn parts(sizes: &Sizes) -> usize {
    let tasks = sizes.images * sizes.convolved() * sizes.cells() / PART;
    (tasks.min(TASKS) / sizes.images.max(1)).max(1)
}

struct Task<'a, T: Scalar> {
    x: &'a [T],
    /// The lines of an image's result that it computes; if these are not all, there is one image.
    lines: Range<usize>,
    packed: &'a Packed<T>,
    bias: Option<&'a [T]>,
    windows: Option<&'a Windows>,
    sizes: &'a Sizes,
    grid: &'a Grid,
    out: &'a mut [T],
    index: &'a mut [T::Index],
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let sizes = self.sizes;
        let mut scratch = self.packed.algorithm.scratch(sizes);
        let [down, _] = sizes.window.output().unwrap_or_default();
        let size = match self.lines.len() == down {
            true => self.grid.image,
            false => self.out.len(),
        };
        let outs = std::mem::take(&mut self.out).chunks_exact_mut(size);
        let mut indices = std::mem::take(&mut self.index).chunks_exact_mut(sizes.out_image());
        let mut whole = Buffer::any(sizes.convolved());
        for (x, out) in self.x.chunks_exact(sizes.image()).zip(outs) {
            match (self.windows, indices.next()) {
                (Some(windows), Some(index)) => {
                    self.convolve(simd, x, &mut scratch, &mut whole);
                    let pooling = maxpool2d::Forward {
                        x: &whole,
                        windows,
                        out,
                        index,
                    };
                    pooling.with_simd(simd);
                }
                _ => self.convolve(simd, x, &mut scratch, out),
            }
            if sizes.relu {
                relu(simd, out);
            }
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Convolves one image.
    #[inline(always)]
    fn convolve<S: Simd>(&self, simd: S, x: &[T], scratch: &mut Scratch<T>, out: &mut [T]) {
        let weights = (&self.packed.weights[..], self.bias);
        match &self.packed.algorithm {
            Algorithm::Blocks(blocks) => blocks.convolve(simd, x, weights, &mut scratch.image, out),
            Algorithm::Winograd(winograd) => {
                scratch.image.fill(x);
                let lines = (self.lines.clone(), self.grid);
                winograd.convolve(simd, scratch, weights, lines, out);
            }
            Algorithm::Panels => self.by_panels(simd, x, &mut scratch.image, out),
        }
    }

    /// Multiplies the lines of one image by one panel of weights after another.
    #[inline(always)]
    fn by_panels<S: Simd>(&self, simd: S, x: &[T], image: &mut Padded<T>, out: &mut [T]) {
        let all_taps = &self.packed.taps[..];
        let is_padded = self.sizes.window.padding != [[0; 2]; 2];
        let cells = match is_padded {
            true => {
                image.fill(x);
                &image.cells
            }
            false => x,
        };
        let sizes = self.sizes;
        let Ok([_, across]) = sizes.window.output() else {
            return;
        };
        let (grid, strides) = (self.grid, Strides::new(sizes));
        let mut panels = &self.packed.weights[..];
        for group in 0..sizes.groups {
            let x = &cells[group * sizes.per_group()..];
            let mut column = group * sizes.out_per_group();
            let end = column + sizes.out_per_group();
            while column < end {
                let width = panel_width::<T, S>(end - column);
                let (weights, behind) = panels.split_at(all_taps.len() * width);
                let columns = column..(column + width).min(end);
                let block = block::<T>(all_taps.len(), width);
                let mut start = self.bias.map_or(Start::Zero, Start::Row);
                let blocks = all_taps.chunks(block).zip(weights.chunks(block * width));
                for (taps, weights) in blocks {
                    let taps = Taps::new(taps);
                    for (i, y) in self.lines.clone().enumerate() {
                        let line = (&x[y * strides.window[0]..], strides.window[1], taps);
                        let mut pixels = Rows::Spaced {
                            values: &mut out[grid.first + i * grid.line..],
                            count: across,
                            columns: sizes.out_channels,
                            apart: grid.pixel,
                        };
                        panel(simd, line, weights, &mut pixels, columns.clone(), start);
                    }
                    start = Start::Rows;
                }
                panels = behind;
                column += width;
            }
        }
    }
}

/// `max(x, 0)`; NaN stays NaN.
#[inline(always)]
fn relu<S: Simd, T: Scalar>(simd: S, x: &mut [T]) {
    for x in x.chunks_mut(width::<T, S>()) {
        let value = T::load(simd, x);
        T::store(simd, x, T::cut(simd, value, value));
    }
}
