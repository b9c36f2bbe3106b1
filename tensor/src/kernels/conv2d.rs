//! Convolution: the cells under each window as columns, image by image while they are in cache, then a matrix product.

use ndarray::ArrayView2;

use super::gemm::product;
use crate::{Scalar, ops::Window, pool};

/// Sizes of a convolution of `[images, in_channels, h, w]` with `[out_channels, in_channels / groups, kh, kw]`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub images: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub groups: usize,
    pub window: Window,
}

/// Multiply-adds that make up a task.
const TASK: usize = 1 << 23;

impl Sizes {
    fn image(&self) -> usize {
        self.in_channels * self.window.area()
    }

    fn out_image(&self) -> usize {
        self.out_channels * self.window.out_area()
    }

    /// Cells under a window, over the channels of a group.
    fn cells(&self) -> usize {
        self.in_channels / self.groups * self.window.kernel[0] * self.window.kernel[1]
    }

    fn weights(&self) -> usize {
        self.out_channels * self.cells()
    }

    fn images_a_task(&self) -> usize {
        (TASK / (self.out_image() * self.cells()).max(1)).clamp(1, self.images.max(1))
    }

    /// Values of one group: of an image, of the columns, of the weights, of an output image.
    fn group(&self) -> Group {
        let [cells, area] = [self.cells(), self.window.out_area()];
        let out = self.out_channels / self.groups;
        Group {
            cells,
            area,
            out,
            input: self.image() / self.groups,
        }
    }
}

struct Group {
    cells: usize,
    area: usize,
    out: usize,
    input: usize,
}

/// `out`, `[images, out_channels, oh, ow]`.
pub fn forward<T: Scalar>(x: &[T], w: &[T], sizes: &Sizes, out: &mut [T]) {
    let (g, images) = (sizes.group(), sizes.images_a_task());
    pool::chunks(out, images * sizes.out_image(), |task, out| {
        let mut columns = vec![T::zero(); g.cells * g.area];
        let x = x[task * images * sizes.image()..].chunks(g.input);
        let w = w.chunks(g.out * g.cells).cycle();
        for ((x, w), out) in x.zip(w).zip(out.chunks_mut(g.out * g.area)) {
            gather(x, &sizes.window, &mut columns);
            product(
                view(w, g.out, g.cells),
                view(&columns, g.cells, g.area),
                out,
                T::zero(),
            );
        }
    });
}

/// The gradient of the input, into `dx`, which is zero at first.
pub fn backward_input<T: Scalar>(dy: &[T], w: &[T], sizes: &Sizes, dx: &mut [T]) {
    let (g, images) = (sizes.group(), sizes.images_a_task());
    pool::chunks(dx, images * sizes.image(), |task, dx| {
        let mut columns = vec![T::zero(); g.cells * g.area];
        let dy = dy[task * images * sizes.out_image()..].chunks(g.out * g.area);
        let w = w.chunks(g.out * g.cells).cycle();
        for ((dy, w), dx) in dy.zip(w).zip(dx.chunks_mut(g.input)) {
            product(
                view(w, g.out, g.cells).reversed_axes(),
                view(dy, g.out, g.area),
                &mut columns,
                T::zero(),
            );
            scatter(&columns, &sizes.window, dx);
        }
    });
}

/// The gradient of the weights: a partial sum for each task, added in order.
pub fn backward_weight<T: Scalar>(dy: &[T], x: &[T], sizes: &Sizes) -> Vec<T> {
    let (g, images) = (sizes.group(), sizes.images_a_task());
    let mut partial = vec![T::zero(); sizes.images.div_ceil(images) * sizes.weights()];
    pool::chunks(&mut partial, sizes.weights(), |task, dw| {
        let mut columns = vec![T::zero(); g.cells * g.area];
        let end = ((task + 1) * images).min(sizes.images);
        let x = x[task * images * sizes.image()..end * sizes.image()].chunks(g.input);
        let dy = dy[task * images * sizes.out_image()..].chunks(g.out * g.area);
        for (i, (x, dy)) in x.zip(dy).enumerate() {
            gather(x, &sizes.window, &mut columns);
            let group = i % sizes.groups * g.out * g.cells;
            let dw = &mut dw[group..group + g.out * g.cells];
            product(
                view(dy, g.out, g.area),
                view(&columns, g.cells, g.area).reversed_axes(),
                dw,
                T::one(),
            );
        }
    });
    let mut sum = vec![T::zero(); sizes.weights()];
    for partial in partial.chunks(sizes.weights()) {
        sum.iter_mut()
            .zip(partial)
            .for_each(|(sum, &value)| *sum += value);
    }
    sum
}

fn view<T>(x: &[T], rows: usize, cols: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape([rows, cols], x)
        .unwrap_or_else(|e| unreachable!("slices are cut to size: {e}"))
}

/// Writes the planes of `x` as columns: a row for each cell of the window, an entry for each place of it.
fn gather<T: Scalar>(x: &[T], window: &Window, columns: &mut [T]) {
    each_row(
        window,
        columns.chunks_exact_mut(window.out_area()),
        |plane, row, col, out| {
            let x = &x[plane * window.area()..];
            each_line(
                window,
                row,
                col,
                out.chunks_exact_mut(across(window)),
                |out, line| match line {
                    Some(Line { first, from, to }) => {
                        out[..from].fill(T::zero());
                        copy(&x[first..], window.stride[1], &mut out[from..to]);
                        out[to..].fill(T::zero());
                    }
                    None => out.fill(T::zero()),
                },
            );
        },
    );
}

fn copy<T: Scalar>(x: &[T], stride: usize, out: &mut [T]) {
    match stride {
        1 => out.copy_from_slice(&x[..out.len()]),
        _ => out
            .iter_mut()
            .zip(x.iter().step_by(stride))
            .for_each(|(out, &x)| *out = x),
    }
}

/// Adds columns back to the places that they were gathered from.
fn scatter<T: Scalar>(columns: &[T], window: &Window, dx: &mut [T]) {
    each_row(
        window,
        columns.chunks_exact(window.out_area()),
        |plane, row, col, column| {
            let dx = &mut dx[plane * window.area()..];
            each_line(
                window,
                row,
                col,
                column.chunks_exact(across(window)),
                |column, line| {
                    if let Some(Line { first, from, to }) = line {
                        let dx = dx[first..].iter_mut().step_by(window.stride[1]);
                        dx.zip(&column[from..to]).for_each(|(dx, &g)| *dx += g);
                    }
                },
            );
        },
    );
}

fn across(window: &Window) -> usize {
    window.output().map_or(1, |[_, w]| w).max(1)
}

/// Calls `f(plane, row, col, item)` for each cell of the window in each plane.
fn each_row<I>(
    window: &Window,
    rows: impl Iterator<Item = I>,
    mut f: impl FnMut(usize, usize, usize, I),
) {
    let [kh, kw] = window.kernel;
    for (i, item) in rows.enumerate() {
        f(i / (kh * kw), i / kw % kh, i % kw, item);
    }
}

/// What one cell of the window sees while the window goes along one line: the places `from..to` see cells of the plane, the first of
/// them the cell `first`; the others see padding.
struct Line {
    first: usize,
    from: usize,
    to: usize,
}

/// Calls `f(item, line)` for each line of places, with `None` where all of it is padding.
fn each_line<I>(
    window: &Window,
    row: usize,
    col: usize,
    lines: impl Iterator<Item = I>,
    mut f: impl FnMut(I, Option<Line>),
) {
    let [h, w] = window.input;
    let [above, left] = window.padding.map(|p| p[0]);
    let (dy, dx) = (row * window.dilation[0], col * window.dilation[1]);
    let stride = window.stride[1];
    // Places whose cell `place * stride + dx - left` lies in the plane.
    let from = left.saturating_sub(dx).div_ceil(stride);
    let to = (w + left)
        .saturating_sub(dx)
        .div_ceil(stride)
        .min(across(window));
    for (place, item) in lines.enumerate() {
        let y = (place * window.stride[0] + dy)
            .checked_sub(above)
            .filter(|&y| y < h);
        let line = y.filter(|_| from < to).map(|y| Line {
            first: y * w + from * stride + dx - left,
            from,
            to,
        });
        f(item, line);
    }
}
