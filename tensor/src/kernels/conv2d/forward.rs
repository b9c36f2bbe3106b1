//! The value of a convolution.

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    padded::{Padded, Strides},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        product::{Start, Taps, panel, panel_width},
        simd,
    },
    pool,
};

/// The convolution of `x`, `[images, h, w, in_channels]`, with `w`, `[out_channels, in_channels / groups, kh, kw]`, with `bias` added to each
/// pixel: `[images, oh, ow, out_channels]`.
pub fn forward<T: Scalar>(x: &[T], w: &[T], bias: Option<&[T]>, sizes: &Sizes) -> Buffer<T> {
    let mut out = Buffer::any(sizes.images * sizes.out_image());
    let panels = simd::run(Pack { w, sizes });
    let taps = taps(sizes);
    let images = sizes.images_a_task();
    let tasks = x.chunks(images * sizes.image());
    let tasks = tasks.zip(out.chunks_mut(images * sizes.out_image()));
    pool::each(tasks, |_, (x, out)| {
        simd::run(Task {
            x,
            panels: &panels,
            taps: &taps,
            bias,
            sizes,
            out,
        });
    });
    out
}

/// The cells of a window for one group, row by row, channels running fastest.
fn taps(sizes: &Sizes) -> Vec<usize> {
    let [kh, kw] = sizes.window.kernel;
    let cell = Strides::new(sizes).cell;
    let places = (0..kh).flat_map(|y| (0..kw).map(move |x| y * cell[0] + x * cell[1]));
    places
        .flat_map(|place| (0..sizes.per_group()).map(move |channel| place + channel))
        .collect()
}

/// Puts the weights of each group into panels, whose rows are in the order of the taps.
struct Pack<'a, T> {
    w: &'a [T],
    sizes: &'a Sizes,
}

impl<T: Scalar> WithSimd for Pack<'_, T> {
    type Output = Buffer<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Buffer<T> {
        let sizes = self.sizes;
        let (cells, per_group) = (sizes.cells(), sizes.per_group());
        let area = cells / per_group;
        let mut out = Buffer::zeros(sizes.groups * cells * padded_columns::<T, S>(sizes));
        let mut place = 0;
        for group in self.w.chunks_exact(sizes.out_per_group() * cells) {
            let mut rest = group;
            while !rest.is_empty() {
                let width = panel_width::<T, S>(rest.len() / cells);
                let columns = width.min(rest.len() / cells);
                let (weights, behind) = rest.split_at(columns * cells);
                for (column, weights) in weights.chunks_exact(cells).enumerate() {
                    for (i, &weight) in weights.iter().enumerate() {
                        let row = i % area * per_group + i / area;
                        out[place + row * width + column] = weight;
                    }
                }
                place += cells * width;
                rest = behind;
            }
        }
        out
    }
}

/// Columns of all panels of a group.
fn padded_columns<T: Scalar, S: Simd>(sizes: &Sizes) -> usize {
    let columns = sizes.out_per_group();
    let full = panel_width::<T, S>(usize::MAX);
    match columns % full {
        0 => columns,
        rest => columns - rest + panel_width::<T, S>(rest),
    }
}

struct Task<'a, T: Scalar> {
    x: &'a [T],
    panels: &'a [T],
    taps: &'a [usize],
    bias: Option<&'a [T]>,
    sizes: &'a Sizes,
    out: &'a mut [T],
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let sizes = self.sizes;
        let Ok([_, across]) = sizes.window.output() else {
            return;
        };
        let strides = Strides::new(sizes);
        let taps = Taps::new(self.taps);
        let start = self.bias.map_or(Start::Zero, Start::Row);
        let mut image = Padded::new(sizes);
        let outs = self.out.chunks_exact_mut(sizes.out_image());
        for (x, out) in self.x.chunks_exact(sizes.image()).zip(outs) {
            image.fill(x);
            let mut pixels: Vec<&mut [T]> = out.chunks_exact_mut(sizes.out_channels).collect();
            let mut panels = self.panels;
            for group in 0..sizes.groups {
                let x = &image.cells[group * sizes.per_group()..];
                let mut column = group * sizes.out_per_group();
                let end = column + sizes.out_per_group();
                while column < end {
                    let width = panel_width::<T, S>(end - column);
                    let (weights, behind) = panels.split_at(self.taps.len() * width);
                    let columns = column..(column + width).min(end);
                    for (y, pixels) in pixels.chunks_exact_mut(across).enumerate() {
                        let line = (&x[y * strides.window[0]..], strides.window[1], taps);
                        panel(simd, line, weights, pixels, columns.clone(), start);
                    }
                    panels = behind;
                    column += width;
                }
            }
        }
    }
}
