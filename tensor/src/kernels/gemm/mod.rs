//! Matrix products.

mod weights;

use std::hint::black_box;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use pulp::{Simd, WithSimd};

use super::{
    pack::{Matrix, panels},
    product::{Rows, Start, Taps, block, panel, panel_width},
    simd::{self, width},
};
use crate::{Scalar, buffer::Buffer, pool};
use weights::{Packed, Weights};

/// Multiply-adds of a task, if there are enough: about ten microseconds.
const TASK: usize = 1 << 19;

/// Number of tasks that is enough: fewer tasks copy less.
const TASKS: usize = 32;

/// Number of tasks from which on rows are not divided: each task copies the weights of its columns.
const FEW_TASKS: usize = 16;

/// Maximum number of rows of a task, so that a block of them fits the second-level cache.
const MOST_ROWS: usize = 192;

/// Minimum number of rows of a task, so that copying its weights pays.
const LEAST_ROWS: usize = 24;

/// The columns of a task are a multiple of this, a panel of the widest vectors, and blocks of terms are
/// cut for it: narrower ones have the same.
const COLUMNS: usize = 32;

/// Maximum number of weights of a block of a task, so that they fit the second-level cache.
const WEIGHTS: usize = 1 << 16;

/// Minimum number of columns of a task that copies its rows, each element of which is then used
/// often enough.
const WIDE: usize = 128;

/// Maximum number of terms that are summed at once.
const TERMS: usize = 256;

/// Elements between the lines of a copy, so that a power of two doesn't divide their distance.
const GAP: usize = 16;

/// Computes `a · b` plus `bias` on each row: `[m, k]` by `[k, n]` gives `[m, n]`, in row-major
/// order.
pub fn matmul<T: Scalar>(a: ArrayView2<T>, b: ArrayView2<T>, bias: Option<&[T]>) -> Array2<T> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let out = Buffer::any(m * n).into_array(&[m, n]);
    let mut out = out
        .into_dimensionality()
        .unwrap_or_else(|e| unreachable!("a matrix: {e}"));
    if out.is_empty() {
        return out;
    }
    let (mut a_copy, mut b_copy) = (None, None);
    let a = Matrix::new(a, &mut a_copy);
    let b = Matrix::new(b, &mut b_copy);
    let (rows, columns) = task_size(m, k, n);
    let copied = columns >= WIDE && rows >= LEAST_ROWS;
    let term = match (copied, a.row) {
        (true, 1) => rows + GAP,
        _ => a.col,
    };
    let offsets: Vec<usize> = (0..k).map(|k| k * term).collect();
    let packed = (rows < m && m >= MOST_ROWS).then(|| Packed::new(b, k, n));
    let tasks = tiles(&mut out, rows, columns);
    pool::each(tasks, |_, ([row, column], tile)| {
        let columns = column..column + tile.ncols();
        simd::run_for::<T, _>(Task {
            a: a.from(row, 0),
            copied: copied.then_some(rows),
            offsets: &offsets,
            b: match &packed {
                Some(packed) => Weights::Packed(packed, columns.start),
                None => Weights::Matrix(b.from(0, columns.start)),
            },
            bias: bias.map(|bias| &bias[columns]),
            out: tile,
        });
    });
    out
}

/// Returns the rows and columns of a task; they depend on the sizes alone.
fn task_size(m: usize, k: usize, n: usize) -> (usize, usize) {
    let tasks = (m * k * n / TASK).clamp(1, TASKS);
    let bands = m.div_ceil(MOST_ROWS);
    let fitting = (WEIGHTS / k.clamp(1, TERMS)).min(n);
    let least = n.div_ceil(fitting);
    // Few columns of weights are packed once for all rows, and the rows are then divided first:
    // each is copied once.
    if least == 1 && m >= MOST_ROWS && tasks > 1 {
        let down = tasks.min(FEW_TASKS).min(m / LEAST_ROWS).max(bands);
        return (m.div_ceil(down), n.next_multiple_of(COLUMNS));
    }
    let across = tasks.div_ceil(bands).min(n.div_ceil(COLUMNS));
    let across = across.max(least);
    let columns = n.div_ceil(across).next_multiple_of(COLUMNS);
    let across = n.div_ceil(columns);
    let down = tasks.min(FEW_TASKS) / across;
    let down = down.min(m / LEAST_ROWS).max(bands);
    (m.div_ceil(down), columns)
}

/// Cuts a matrix into tiles, each with the position of its first element, one column of tiles after
/// another: a thread that takes adjacent tiles finds the weights of their columns in cache.
pub fn tiles<T>(
    out: &mut Array2<T>,
    rows: usize,
    columns: usize,
) -> Vec<([usize; 2], ArrayViewMut2<'_, T>)> {
    let bands = out.axis_chunks_iter_mut(Axis(1), columns).enumerate();
    let tiles = bands.flat_map(|(j, band)| {
        let height = band.nrows();
        let mut rest = Some(band);
        (0..height).step_by(rows).filter_map(move |i| {
            let (tile, below) = rest.take()?.split_at(Axis(0), rows.min(height - i));
            rest = Some(below);
            Some(([i, j * columns], tile))
        })
    });
    tiles.collect()
}

/// Returns the rows of a tile as slices.
#[inline(always)]
pub fn rows<'a, T>(tile: &'a mut ArrayViewMut2<'_, T>) -> Vec<&'a mut [T]> {
    let rows = tile.axis_iter_mut(Axis(0)).map(|row| row.into_slice());
    rows.map(|row| row.unwrap_or_else(|| unreachable!("tiles are cut from rows")))
        .collect()
}

struct Task<'a, T: Scalar> {
    a: Matrix<'a, T>,
    /// Whether `a` is copied, and then the number of rows that its offsets are for.
    copied: Option<usize>,
    /// Offsets of the terms of a sum, from the first on.
    offsets: &'a [usize],
    b: Weights<'a, T>,
    bias: Option<&'a [T]>,
    out: ArrayViewMut2<'a, T>,
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (columns, terms) = (self.out.ncols(), self.offsets.len());
        let mut rows = rows(&mut self.out);
        let mut rows = Rows::Each(&mut rows);
        let block = match self.b {
            Weights::Matrix(_) => block::<T>(terms, COLUMNS),
            Weights::Packed(packed, _) => packed.block,
        };
        let (lines, apart) = match self.copied {
            None => (0, 0),
            Some(rows) if self.a.row == 1 => (block, rows + GAP),
            Some(rows) => (rows, block + GAP),
        };
        let panels_len = match self.b {
            Weights::Matrix(_) => block * columns.next_multiple_of(width::<T, S>()),
            Weights::Packed(..) => 0,
        };
        let mut memory = Buffer::any(panels_len + lines * apart);
        let (own, copy) = memory.split_at_mut(panels_len);
        let mut start = self.bias.map_or(Start::Zero, Start::Row);
        for first in (0..terms.max(1)).step_by(block) {
            // Opaque, as it would be computed again for each term.
            let len = black_box(block.min(terms - first));
            let weights = match self.b {
                Weights::Matrix(b) => {
                    b.pack(simd, first..first + len, columns, own);
                    &*own
                }
                Weights::Packed(packed, column) => {
                    &packed.panels[first * packed.padded + column * len..]
                }
            };
            let mut a = self.a.from(0, first);
            if self.copied.is_some() {
                a.copy_to(rows.count(), len, copy, apart);
                a.data = copy;
                if a.row != 1 {
                    a.row = apart;
                }
            }
            let taps = Taps::new(&self.offsets[..len]);
            for (columns, at) in panels::<S, T>(columns, len) {
                let weights = &weights[at..][..len * panel_width::<T, S>(columns.len())];
                panel(
                    simd,
                    (a.data, a.row, taps),
                    weights,
                    &mut rows,
                    columns,
                    start,
                );
            }
            start = Start::Rows;
        }
    }
}
