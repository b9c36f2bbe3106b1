//! Weights in the order in which a convolution reads them.

use pulp::{Simd, WithSimd};

use super::Sizes;
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{product::panel_width, transpose::transpose},
};

/// Packs the weights of each group into panels, with rows in the order of the taps.
pub struct Panels<'a, T> {
    pub w: &'a [T],
    pub sizes: &'a Sizes,
}

impl<T: Scalar> WithSimd for Panels<'_, T> {
    type Output = Buffer<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Buffer<T> {
        let sizes = self.sizes;
        let (cells, per_group) = (sizes.cells(), sizes.per_group());
        let area = cells / per_group;
        let mut out = Buffer::zeros(sizes.groups * cells * padded_columns::<T, S>(sizes));
        let mut lines = Buffer::any(cells * panel_width::<T, S>(usize::MAX));
        let mut place = 0;
        for group in self.w.chunks_exact(sizes.out_per_group() * cells) {
            let mut rest = group;
            while !rest.is_empty() {
                let width = panel_width::<T, S>(rest.len() / cells);
                let columns = width.min(rest.len() / cells);
                let (weights, behind) = rest.split_at(columns * cells);
                let panel = &mut out[place..place + cells * width];
                transpose((weights, cells), [columns, cells], (&mut lines, width));
                for (i, line) in lines[..cells * width].chunks_exact(width).enumerate() {
                    let [channel, cell] = [i / area, i % area];
                    let row = (cell * per_group + channel) * width;
                    panel[row..row + columns].copy_from_slice(&line[..columns]);
                }
                place += cells * width;
                rest = behind;
            }
        }
        out
    }
}

/// Number of columns of all panels of a group.
fn padded_columns<T: Scalar, S: Simd>(sizes: &Sizes) -> usize {
    let columns = sizes.out_per_group();
    let full = panel_width::<T, S>(usize::MAX);
    match columns % full {
        0 => columns,
        rest => columns - rest + panel_width::<T, S>(rest),
    }
}
