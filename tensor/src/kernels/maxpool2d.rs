//! The largest value of each window, and where it is.

use crate::{Scalar, ops::Window, pool};

/// For each window of each plane its maximum and that one's index in the plane; the first in row order takes a tie, NaN takes all.
///
/// `x` is `[planes, h, w]`, the results are `[planes, oh, ow]`.
pub fn forward<T: Scalar>(x: &[T], window: &Window, out: &mut [T], index: &mut [u32]) {
    let (area, out_area) = (window.area(), window.out_area());
    let planes = planes_a_task(out_area);
    pool::chunks2(
        out,
        planes * out_area,
        index,
        planes * out_area,
        |task, out, index| {
            let x = x[task * planes * area..].chunks_exact(area);
            let out = out
                .chunks_exact_mut(out_area)
                .zip(index.chunks_exact_mut(out_area));
            x.zip(out)
                .for_each(|(x, (out, index))| plane(x, window, out, index));
        },
    );
}

fn plane<T: Scalar>(x: &[T], window: &Window, out: &mut [T], index: &mut [u32]) {
    let [_, w] = window.input;
    let mut cells = out.iter_mut().zip(index);
    for rows in window.places(0) {
        for cols in window.places(1) {
            let mut best = (T::neg_infinity(), rows.start * w + cols.start);
            for row in rows.clone() {
                for col in cols.clone() {
                    let value = x[row * w + col];
                    if value > best.0 || (value.is_nan() && !best.0.is_nan()) {
                        best = (value, row * w + col);
                    }
                }
            }
            if let Some((out, index)) = cells.next() {
                (*out, *index) = (best.0, best.1 as u32);
            }
        }
    }
}

/// Adds each window's gradient to the place that its maximum came from. `dx` is `[planes, h, w]` and zero at first.
pub fn backward<T: Scalar>(dy: &[T], index: &[u32], window: &Window, dx: &mut [T]) {
    let (area, out_area) = (window.area(), window.out_area());
    let planes = planes_a_task(out_area);
    pool::chunks(dx, planes * area, |task, dx| {
        let windows = |i: usize| (task * planes + i) * out_area..(task * planes + i + 1) * out_area;
        for (i, dx) in dx.chunks_exact_mut(area).enumerate() {
            for (&g, &place) in dy[windows(i)].iter().zip(&index[windows(i)]) {
                dx[place as usize] += g;
            }
        }
    });
}

/// Planes that make up a task of some microseconds.
fn planes_a_task(out_area: usize) -> usize {
    (4096 / out_area.max(1)).max(1)
}
