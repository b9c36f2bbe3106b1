//! Planes composed of another plane's cells: padding, cropping, upsampling.

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::{
        gather2d as kernel,
        layout::{as_channels_last, channels_last, slice},
    },
};

/// Gathers each plane of `x`, `[n, channels, h, w]`: cell (i, j) is a copy of cell (`rows[i]`,
/// `columns[j]`), or 0 where either is `None`. Returns `[n, channels, rows, columns]`.
///
/// Padding of any kind, cropping and nearest-neighbour upsampling are such tables.
///
/// # Panics
/// When `x` doesn't have four dimensions, or an index is outside its plane.
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
    let table = kernel::Table::new([height, width], channels, rows, columns);
    let input = channels_last(input.clone());
    let out = T::gather2d(slice(&input), n, &table);
    let out = as_channels_last(out, [n, channels, rows.len(), columns.len()]);
    x.tape().op("gather2d", out, [x], move |g, _| {
        let g = channels_last(g);
        let dx = T::gather2d_backward(slice(&g), n, &table);
        give_back(g);
        [Some(as_channels_last(dx, [n, channels, height, width]))]
    })
}
