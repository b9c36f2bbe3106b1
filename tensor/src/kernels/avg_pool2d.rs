//! Means over rectangles of planes, channels running fastest.

use std::ops::Range;

use super::simd::vectorized;
use crate::{Scalar, buffer::Buffer, pool};

/// The rectangles that are averaged, and the planes they lie in.
pub struct Windows<T> {
    /// Rows and columns of each rectangle, and the factor on its sum.
    windows: Vec<(Range<usize>, Range<usize>, T)>,
    /// Columns of a plane.
    width: usize,
    channels: usize,
    /// Values of an image, `[h, w, channels]`.
    area: usize,
}

impl<T: Scalar> Windows<T> {
    /// The rectangle of each of `rows` with each of `columns`, in planes of `size`; each sum is
    /// divided by `count`, or by the number of the rectangle's cells.
    pub fn new(
        size: [usize; 2],
        channels: usize,
        [rows, columns]: &[Vec<Range<usize>>; 2],
        count: Option<usize>,
    ) -> Self {
        let window = |rows: &Range<usize>, columns: &Range<usize>| {
            let cells = count.unwrap_or(rows.len() * columns.len()).max(1);
            (rows.clone(), columns.clone(), T::of(1.0 / cells as f64))
        };
        let windows = rows
            .iter()
            .flat_map(|rows| columns.iter().map(move |columns| window(rows, columns)));
        Windows {
            windows: windows.collect(),
            width: size[1],
            channels,
            area: size[0] * size[1] * channels,
        }
    }

    /// Values of an image of means.
    fn out_area(&self) -> usize {
        self.windows.len() * self.channels
    }

    /// Where the cells of one row of a rectangle lie: next to each other.
    #[inline(always)]
    fn line(&self, row: usize, columns: &Range<usize>) -> Range<usize> {
        let first = row * self.width;
        (first + columns.start) * self.channels..(first + columns.end) * self.channels
    }
}

/// The mean of each rectangle of each image of `x`: `[images, windows, channels]`.
pub fn forward<T: Scalar>(x: &[T], images: usize, windows: &Windows<T>) -> Buffer<T> {
    let (area, out_area) = (windows.area, windows.out_area());
    let mut out = Buffer::zeros(images * out_area);
    if area > 0 && out_area > 0 {
        pool::each(x.chunks(area).zip(out.chunks_mut(out_area)), |_, pair| {
            vectorized(
                #[inline(always)]
                || mean(pair.0, pair.1, windows),
            );
        });
    }
    out
}

/// The gradient of the images, given that of the means.
pub fn backward<T: Scalar>(g: &[T], images: usize, windows: &Windows<T>) -> Buffer<T> {
    let (area, out_area) = (windows.area, windows.out_area());
    let mut dx = Buffer::zeros(images * area);
    if area > 0 && out_area > 0 {
        pool::each(dx.chunks_mut(area).zip(g.chunks(out_area)), |_, pair| {
            vectorized(
                #[inline(always)]
                || spread(pair.1, pair.0, windows),
            );
        });
    }
    dx
}

/// Writes the means of one image.
#[inline(always)]
fn mean<T: Scalar>(image: &[T], out: &mut [T], windows: &Windows<T>) {
    let outs = out.chunks_exact_mut(windows.channels).zip(&windows.windows);
    for (out, (rows, columns, share)) in outs {
        for row in rows.clone() {
            for cell in image[windows.line(row, columns)].chunks_exact(windows.channels) {
                out.iter_mut().zip(cell).for_each(|(sum, &x)| *sum += x);
            }
        }
        out.iter_mut().for_each(|sum| *sum *= *share);
    }
}

/// Adds the gradient of each mean of one image to the cells of its rectangle.
#[inline(always)]
fn spread<T: Scalar>(g: &[T], dx: &mut [T], windows: &Windows<T>) {
    let gs = g.chunks_exact(windows.channels).zip(&windows.windows);
    for (g, (rows, columns, share)) in gs {
        for row in rows.clone() {
            for cell in dx[windows.line(row, columns)].chunks_exact_mut(windows.channels) {
                let cell = cell.iter_mut().zip(g);
                cell.for_each(|(dx, &g)| *dx += g * *share);
            }
        }
    }
}
