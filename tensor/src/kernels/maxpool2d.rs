//! The largest value of each window, and where it is.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::simd;
use crate::{Scalar, buffer::Buffer, ops::Window, pool};

/// Values that a task puts out.
const TASK: usize = 1 << 13;

/// Values that are compared side by side.
const SIDE: usize = 16;

/// For each window of each plane its maximum and that one's index in the plane; the first in row order takes a tie, NaN takes all.
///
/// `x` is `[planes, h, w, side]`, the results are `[planes, oh, ow, side]`: planes that lie side by side, such as channels that run fastest, are
/// compared together.
pub fn forward<T: Scalar>(x: &[T], side: usize, window: &Window) -> (Buffer<T>, Buffer<u32>) {
    let (area, out_area) = (side * window.area(), side * window.out_area());
    let len = x.len() / area.max(1) * out_area;
    let (mut out, mut index) = (Buffer::any(len), Buffer::any(len));
    if len > 0 {
        let planes = TASK.div_ceil(out_area);
        let outs = out.chunks_mut(planes * out_area);
        let outs = outs.zip(index.chunks_mut(planes * out_area));
        let tasks = x.chunks(planes * area).zip(outs);
        pool::each(tasks, |_, (x, (out, index))| {
            simd::run(Forward {
                x,
                side,
                window,
                out,
                index,
            });
        });
    }
    (out, index)
}

struct Forward<'a, T> {
    x: &'a [T],
    side: usize,
    window: &'a Window,
    out: &'a mut [T],
    index: &'a mut [u32],
}

impl<T: Scalar> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let side = self.side;
        let rows: Vec<_> = self.window.places(0).collect();
        let columns: Vec<_> = self.window.places(1).collect();
        let mut outs = self.out.chunks_exact_mut(side);
        let mut indices = self.index.chunks_exact_mut(side);
        for plane in self.x.chunks_exact(side * self.window.area()) {
            for rows in &rows {
                for columns in &columns {
                    if let (Some(out), Some(index)) = (outs.next(), indices.next()) {
                        let place = (rows, columns, self.window.input[1]);
                        let mut first = 0;
                        while first + SIDE <= side {
                            largest::<T, SIDE>(plane, side, first, place, out, index);
                            first += SIDE;
                        }
                        while first + SIDE / 2 <= side {
                            largest::<T, { SIDE / 2 }>(plane, side, first, place, out, index);
                            first += SIDE / 2;
                        }
                        while first < side {
                            largest::<T, 1>(plane, side, first, place, out, index);
                            first += 1;
                        }
                    }
                }
            }
        }
    }
}

/// The largest values of a window, for `N` planes from `first` on.
#[inline(always)]
fn largest<T: Scalar, const N: usize>(
    plane: &[T],
    side: usize,
    first: usize,
    (rows, columns, width): (&Range<usize>, &Range<usize>, usize),
    out: &mut [T],
    index: &mut [u32],
) {
    let mut best = [T::neg_infinity(); N];
    let mut at = [(rows.start * width + columns.start) as u32; N];
    for row in rows.clone() {
        for cell in row * width + columns.start..row * width + columns.end {
            let Some(values) = plane[cell * side + first..].first_chunk::<N>() else {
                continue;
            };
            for i in 0..N {
                // Larger or NaN, and the best so far is no NaN.
                let better = !(values[i] <= best[i]) & (best[i] == best[i]);
                best[i] = if better { values[i] } else { best[i] };
                at[i] = if better { cell as u32 } else { at[i] };
            }
        }
    }
    out[first..first + N].copy_from_slice(&best);
    index[first..first + N].copy_from_slice(&at);
}

/// Adds each window's gradient to the place that its maximum came from: `[planes, h, w, side]`.
pub fn backward<T: Scalar>(dy: &[T], index: &[u32], side: usize, window: &Window) -> Buffer<T> {
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
                        dx[at as usize * side + i] += g;
                    }
                }
            }
        });
    }
    dx
}
