//! Planes made of another plane's cells: padding, cropping, enlarging.

use super::{conv2d::last, shape::channels_last};
use crate::{
    Scalar, Var,
    buffer::{Buffer, give_back},
    kernels::layout::as_channels_last,
    pool,
};

/// Each plane of `x`, `[n, channels, h, w]`, made anew: cell (i, j) is a copy of cell (`rows[i]`, `columns[j]`), or 0 where either is `None`.
/// Gives `[n, channels, rows, columns]`.
///
/// Padding of any kind, cropping and nearest-neighbour enlarging are such tables.
///
/// # Panics
/// When `x` has other than four dimensions, or an index goes beyond its plane.
#[track_caller]
pub fn gather2d<'t, T: Scalar>(
    x: Var<'t, T>,
    rows: &[Option<usize>],
    columns: &[Option<usize>],
) -> Var<'t, T> {
    let input = x.value();
    let &[n, channels, height, width] = input.shape() else {
        panic!(
            "gather2d: four dimensions are wanted, not {:?}",
            input.shape()
        );
    };
    for (what, table, size) in [("row", rows, height), ("column", columns, width)] {
        if let Some(index) = table.iter().flatten().find(|&&index| index >= size) {
            panic!("gather2d: no {what} {index} among {size}");
        }
    }
    let cells = |i: usize, j: usize| Some((rows[i]? * width + columns[j]?) * channels);
    let table: Vec<_> = (0..rows.len())
        .flat_map(|i| (0..columns.len()).map(move |j| (i, j)))
        .map(|(i, j)| cells(i, j))
        .collect();
    let [area, out_area] = [height * width, table.len()].map(|area| area * channels);

    let input = channels_last(input.clone());
    let mut out = Buffer::zeros(n * out_area);
    if out_area > 0 {
        let images = last(&input).chunks(area).zip(out.chunks_mut(out_area));
        pool::each(images, |_, (image, out)| {
            for (out, from) in out.chunks_exact_mut(channels).zip(&table) {
                if let Some(from) = from {
                    out.copy_from_slice(&image[*from..from + channels]);
                }
            }
        });
    }
    let out = as_channels_last(out, [n, channels, rows.len(), columns.len()]);
    x.tape().op("gather2d", out, [x], move |g, _| {
        let g = channels_last(g);
        let mut dx = Buffer::zeros(n * area);
        if area > 0 && out_area > 0 {
            let images = dx.chunks_mut(area).zip(last(&g).chunks(out_area));
            pool::each(images, |_, (dx, g)| {
                for (g, to) in g.chunks_exact(channels).zip(&table) {
                    if let Some(to) = to {
                        let dx = dx[*to..to + channels].iter_mut();
                        dx.zip(g).for_each(|(dx, &g)| *dx += g);
                    }
                }
            });
        }
        give_back(g);
        [Some(as_channels_last(dx, [n, channels, height, width]))]
    })
}
