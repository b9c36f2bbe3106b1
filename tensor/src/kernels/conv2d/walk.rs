//! Lists of the non-zero elements of a gradient, and the sums over them.

use pulp::Simd;

use super::runs::{Pass, Runs};
use crate::{
    Scalar,
    kernels::simd::{Lanes, is_tuned, width},
};

/// Entries of a gradient: the first cells of their windows, and their values.
#[derive(Clone, Copy)]
pub struct List<'a, T> {
    at: &'a [u32],
    pub values: &'a [T],
    /// The last cell at which a window of the list begins.
    last: usize,
}

/// Lists all entries, or those that are not zero.
#[inline(always)]
pub fn list<'a, 'g, T: Scalar>(
    entries: impl Iterator<Item = (usize, &'g T)>,
    skip_zeros: bool,
    at: &'a mut [u32],
    values: &'a mut [T],
) -> List<'a, T> {
    let mut count = 0;
    let room = at.len().min(values.len());
    for (window, &g) in entries.take(room) {
        // Every entry is written and only counted if it is kept: a branch would be mispredicted too
        // often.
        // SAFETY: `count` is at most the number of entries before this one, which is below `room`.
        unsafe {
            *at.get_unchecked_mut(count) = window as u32;
            *values.get_unchecked_mut(count) = g;
        }
        count += usize::from(!skip_zeros || g.is_not_zero());
    }
    let at = &at[..count];
    List {
        at,
        values: &values[..count],
        last: at.iter().copied().max().unwrap_or(0) as usize,
    }
}

impl<T: Scalar> List<'_, T> {
    #[inline(always)]
    fn iter(self) -> impl Iterator<Item = (usize, T)> {
        let pairs = self.at.iter().zip(self.values);
        pairs.map(|(&at, &value)| (at as usize, value))
    }
}

/// Maximum number of vectors of a run, and of runs, in a pass.
pub const fn side<T: Lanes, S: Simd>() -> usize {
    if is_tuned::<T, S>() { 6 } else { 2 }
}

/// Gradient of the weights: adds the cells of each entry's window, times its value, to the sums of
/// a pass.
#[inline(always)]
pub fn add_cells<S: Simd, T: Scalar>(
    simd: S,
    pass: &Pass,
    list: List<T>,
    cells: &[T],
    sums: &mut [T],
) {
    macro_rules! of {
        ($($vectors:literal: $($runs:literal)*;)*) => {
            match (pass.vectors, pass.runs) {
                $($(($vectors, $runs) if const { $vectors <= side::<T, S>() && $runs <= side::<T, S>() } => {
                    add_cells_of::<S, T, $runs, $vectors>(simd, pass, list, cells, sums);
                })*)*
                _ => unreachable!("a pass has at most 12 sums"),
            }
        };
    }
    of! {
        1: 1 2 3 4 5 6;
        2: 1 2 3 4 5 6;
        3: 1 2 3 4;
        4: 1 2 3;
        5: 1 2;
        6: 1 2;
    }
}

#[inline(always)]
fn add_cells_of<S: Simd, T: Scalar, const RUNS: usize, const VECTORS: usize>(
    simd: S,
    pass: &Pass,
    list: List<T>,
    cells: &[T],
    out: &mut [T],
) {
    let len = VECTORS * width::<T, S>();
    let packed = |i: usize| i * pass.packed_stride..i * pass.packed_stride + len;
    let mut sums = [[T::splat(simd, T::zero()); VECTORS]; RUNS];
    for (i, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(T::vectors::<S>(&out[packed(i)]));
    }
    assert!(list.last + pass.cell + (RUNS - 1) * pass.stride + len <= cells.len());
    for (at, g) in list.iter() {
        let g = T::splat(simd, g);
        for (i, sums) in sums.iter_mut().enumerate() {
            let first = at + pass.cell + i * pass.stride;
            // SAFETY: `at <= list.last` and `i < RUNS`, so by the assertion above `first + len <=
            // cells.len()`.
            let cells = unsafe { cells.get_unchecked(first..first + len) };
            for (sum, &cell) in sums.iter_mut().zip(T::vectors::<S>(cells)) {
                *sum = T::fma(simd, g, cell, *sum);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        T::vectors_mut::<S>(&mut out[packed(i)]).copy_from_slice(sums);
    }
}

/// Gradient of the input: adds the weights, times each entry's value, to the cells of its window.
/// The order is entry by entry and run by run, so that a cell's sum doesn't depend on the width of
/// vectors.
#[inline(always)]
pub fn add_weights<S: Simd, T: Scalar>(
    simd: S,
    runs: &Runs,
    list: List<T>,
    weights: &[T],
    cells: &mut [T],
) {
    macro_rules! of {
        ($($vectors:literal)*) => {
            match runs.size / width::<T, S>() {
                $($vectors if const { is_tuned::<T, S>() } => {
                    add_weights_of::<S, T, $vectors>(simd, runs, list, weights, cells);
                })*
                _ => add_weights_of::<S, T, 0>(simd, runs, list, weights, cells),
            }
        };
    }
    of!(1 2 3 4 5 6 7 8);
}

/// With `VECTORS` vectors in each run, or any number if `VECTORS` is 0.
#[inline(always)]
fn add_weights_of<S: Simd, T: Scalar, const VECTORS: usize>(
    simd: S,
    runs: &Runs,
    list: List<T>,
    weights: &[T],
    cells: &mut [T],
) {
    let len = match VECTORS {
        0 => runs.size,
        _ => VECTORS * width::<T, S>(),
    };
    let reach = runs.cells.iter().max().map_or(0, |&cell| cell + len);
    assert!(list.last + reach <= cells.len());
    for (at, g) in list.iter() {
        let g = T::splat(simd, g);
        for (&cell, weights) in runs.cells.iter().zip(weights.chunks_exact(len)) {
            let first = at + cell;
            // SAFETY: `at <= list.last` and `cell + len <= reach`, so by the assertion above `first
            // + len <= cells.len()`.
            let cells = unsafe { cells.get_unchecked_mut(first..first + len) };
            let weights = T::vectors::<S>(weights);
            for (cell, &weight) in T::vectors_mut::<S>(cells).iter_mut().zip(weights) {
                *cell = T::fma(simd, g, weight, *cell);
            }
        }
    }
}
