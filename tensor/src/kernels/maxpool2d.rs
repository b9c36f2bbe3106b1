//! The maximum of each window, and its position.

use pulp::{Simd, WithSimd};

use super::simd::{self, width};
use crate::{Scalar, buffer::Buffer, ops::Window, pool};

/// Output values of a task.
const TASK: usize = 1 << 13;

/// Returns the maximum of each window of each plane and its position. The first in row order wins a
/// tie; NaN wins over everything.
///
/// `x` is `[planes, h, w, side]`, the results are `[planes, oh, ow, side]`: interleaved planes,
/// such as channels-last images, are compared together. A position is that of the cell in `[h, w,
/// side]`.
pub fn forward<T: Scalar>(x: &[T], side: usize, window: &Window) -> (Buffer<T>, Buffer<T::Index>) {
    let (area, out_area) = (side * window.area(), side * window.out_area());
    let len = x.len() / area.max(1) * out_area;
    let (mut out, mut index) = (Buffer::any(len), Buffer::any(len));
    if len > 0 {
        let windows = Windows::new(window, side, |cell| cell * side);
        let planes = TASK.div_ceil(out_area);
        let outs = out.chunks_mut(planes * out_area);
        let outs = outs.zip(index.chunks_mut(planes * out_area));
        let tasks = x.chunks(planes * area).zip(outs);
        pool::each(tasks, |_, (x, (out, index))| {
            simd::run_for::<T, _>(Forward {
                x,
                windows: &windows,
                out,
                index,
            });
        });
    }
    (out, index)
}

/// Forward pass over some planes.
pub struct Forward<'a, T: Scalar> {
    pub x: &'a [T],
    pub windows: &'a Windows,
    pub out: &'a mut [T],
    pub index: &'a mut [T::Index],
}

impl<T: Scalar> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let side = self.windows.side;
        let mut outs = self.out.chunks_exact_mut(side);
        let mut indices = self.index.chunks_exact_mut(side);
        for plane in self.x.chunks_exact(self.windows.area) {
            for cells in self.windows.iter() {
                let (Some(out), Some(index)) = (outs.next(), indices.next()) else {
                    return;
                };
                if side == 1 {
                    (out[0], index[0]) = largest(plane, cells);
                    continue;
                }
                for first in (0..side).step_by(width::<T, S>()) {
                    let label = cells.first().map_or(0, |cell| cell.label);
                    let infinity = T::splat(simd, T::neg_infinity());
                    let mut best = (infinity, T::splat_index(simd, label));
                    for cell in cells {
                        // Lanes beyond the last plane are loaded, but not stored.
                        let value = T::load(simd, &plane[cell.place + first..]);
                        best = T::larger(simd, best, (value, T::splat_index(simd, cell.label)));
                    }
                    T::store(simd, &mut out[first..], best.0);
                    T::store_indices(simd, &mut index[first..], best.1);
                }
            }
        }
    }
}

/// The same for a plane that isn't interleaved.
fn largest<T: Scalar>(plane: &[T], cells: &[Cell]) -> (T, T::Index) {
    let label = cells.first().map_or(0, |cell| cell.label);
    let best = cells.iter().fold((T::neg_infinity(), label), |best, cell| {
        let value = plane[cell.place];
        if value <= best.0 || best.0.is_nan() {
            best
        } else {
            (value, cell.label)
        }
    });
    (best.0, T::to_index(best.1))
}

/// The windows over interleaved planes.
pub struct Windows {
    side: usize,
    area: usize,
    cells: Vec<Cell>,
    /// End of each window's cells.
    ends: Vec<usize>,
}

/// A cell of a window.
#[derive(Clone, Copy)]
struct Cell {
    /// Its position in the planes.
    place: usize,
    /// Its identification in the result.
    label: usize,
}

impl Windows {
    /// Lists the cells of the windows without padding; `label` gives the identification of a cell
    /// from its index in a plane.
    pub fn new(window: &Window, side: usize, label: impl Fn(usize) -> usize) -> Self {
        let (mut cells, mut ends) = (Vec::new(), Vec::new());
        for rows in window.places(0) {
            for columns in window.places(1) {
                for row in rows.clone() {
                    let line = columns.clone().map(|column| row * window.input[1] + column);
                    cells.extend(line.map(|cell| Cell {
                        place: cell * side,
                        label: label(cell),
                    }));
                }
                ends.push(cells.len());
            }
        }
        let area = window.area() * side;
        assert!(
            u32::try_from(area).is_ok(),
            "max_pool2d: {area} values side by side"
        );
        Windows {
            side,
            area,
            cells,
            ends,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[Cell]> {
        let ends = self.ends.iter();
        let ranges = ends.scan(0, |start, &end| Some(std::mem::replace(start, end)..end));
        ranges.map(|range| &self.cells[range])
    }
}

/// Adds each window's gradient to the cell of its maximum: `[planes, h, w, side]`.
pub fn backward<T: Scalar>(
    dy: &[T],
    index: &[T::Index],
    side: usize,
    window: &Window,
) -> Buffer<T> {
    let (area, out_area) = (side * window.area(), side * window.out_area());
    let mut dx = Buffer::any(dy.len() / out_area.max(1) * area);
    if !dx.is_empty() {
        let planes = TASK.div_ceil(out_area);
        let windows = dy.chunks(planes * out_area);
        let windows = windows.zip(index.chunks(planes * out_area));
        let tasks = dx.chunks_mut(planes * area).zip(windows);
        pool::each(tasks, |_, (dx, (dy, index))| {
            dx.fill(T::zero());
            let windows = dy.chunks_exact(out_area).zip(index.chunks_exact(out_area));
            for (dx, (dy, index)) in dx.chunks_exact_mut(area).zip(windows) {
                let windows = dy.chunks_exact(side).zip(index.chunks_exact(side));
                for (dy, index) in windows {
                    for (i, (&g, &at)) in dy.iter().zip(index).enumerate() {
                        dx[T::index(at) + i] += g;
                    }
                }
            }
        });
    }
    dx
}
