//! Planes made of another plane's cells, channels running fastest.

use crate::{Scalar, buffer::Buffer, pool};

/// Which cell each cell of the result is a copy of.
pub struct Table {
    /// Place of the first channel of the cell that is copied; none for a cell that is 0.
    from: Vec<Option<usize>>,
    channels: usize,
    /// Values of an image.
    area: usize,
}

impl Table {
    /// Cell (i, j) is a copy of cell (`rows[i]`, `columns[j]`) of a plane of `size`, or 0 where
    /// either is `None`.
    pub fn new(
        size: [usize; 2],
        channels: usize,
        rows: &[Option<usize>],
        columns: &[Option<usize>],
    ) -> Self {
        let cell =
            |row: Option<usize>, column: Option<usize>| Some((row? * size[1] + column?) * channels);
        let cells = rows
            .iter()
            .flat_map(|&row| columns.iter().map(move |&column| cell(row, column)));
        Table {
            from: cells.collect(),
            channels,
            area: size[0] * size[1] * channels,
        }
    }

    /// Values of an image of the result.
    fn out_area(&self) -> usize {
        self.from.len() * self.channels
    }
}

/// Each image of `x` gathered.
pub fn forward<T: Scalar>(x: &[T], images: usize, table: &Table) -> Buffer<T> {
    let (channels, out_area) = (table.channels, table.out_area());
    let mut out = Buffer::zeros(images * out_area);
    if out_area > 0 && table.area > 0 {
        let images = x.chunks(table.area).zip(out.chunks_mut(out_area));
        pool::each(images, |_, (image, out)| {
            for (out, from) in out.chunks_exact_mut(channels).zip(&table.from) {
                if let Some(from) = from {
                    out.copy_from_slice(&image[*from..from + channels]);
                }
            }
        });
    }
    out
}

/// The gradient of the images, given that of the result: what was copied several times gets the
/// sum.
pub fn backward<T: Scalar>(g: &[T], images: usize, table: &Table) -> Buffer<T> {
    let (channels, out_area) = (table.channels, table.out_area());
    let mut dx = Buffer::zeros(images * table.area);
    if out_area > 0 && table.area > 0 {
        let images = dx.chunks_mut(table.area).zip(g.chunks(out_area));
        pool::each(images, |_, (dx, g)| {
            for (g, to) in g.chunks_exact(channels).zip(&table.from) {
                if let Some(to) = to {
                    let dx = dx[*to..to + channels].iter_mut();
                    dx.zip(g).for_each(|(dx, &g)| *dx += g);
                }
            }
        });
    }
    dx
}
