//! Matrix products.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use pulp::{Simd, WithSimd};

use super::{
    product::{Start, Taps, panel, panel_width},
    simd::{self, width},
};
use crate::{Scalar, buffer::Buffer, pool};

/// Multiply-adds of a task: about ten microseconds.
const TASK: usize = 1 << 19;

/// The columns of a task are a multiple of this, whatever the width of vectors.
const COLUMNS: usize = 32;

/// Minimum number of rows of a task: each task packs the weights of its columns.
const ROWS: usize = 24;

/// Terms that are summed at once, so that a panel of weights fits the first-level cache.
const TERMS: usize = 512;

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
    let offsets: Vec<usize> = (0..k).map(|k| k * a.col).collect();
    let (rows, columns) = task_size(m, k, n);
    let tasks = tiles(&mut out, rows, columns);
    pool::each(tasks, |_, ([row, column], tile)| {
        let columns = column..column + tile.ncols();
        simd::run_for::<T, _>(Task {
            a: &a.data[row * a.row..],
            step: a.row,
            taps: Taps::new(&offsets),
            b: b.columns(columns.start),
            bias: bias.map(|bias| &bias[columns]),
            out: tile,
        });
    });
    out
}

/// Returns the rows and columns of a task; they depend on the sizes alone.
fn task_size(m: usize, k: usize, n: usize) -> (usize, usize) {
    let tasks = (m * k * n / TASK).max(1);
    let columns = n
        .div_ceil(tasks.min(n.div_ceil(COLUMNS)))
        .next_multiple_of(COLUMNS);
    let across = n.div_ceil(columns);
    let down = (tasks / across).clamp(1, (m / ROWS).max(1));
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

/// A matrix as a slice with strides.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    data: &'a [T],
    row: usize,
    col: usize,
}

impl<'a, T: Scalar> Matrix<'a, T> {
    /// Borrows the matrix; one with gaps or negative strides is copied to `copy` first.
    fn new(x: ArrayView2<'a, T>, copy: &'a mut Option<Array2<T>>) -> Self {
        // The stride of a dimension of one element has no effect.
        let stride = |x: &ArrayView2<T>, axis: usize| match x.shape()[axis] {
            0 | 1 => Some(0),
            _ => usize::try_from(x.strides()[axis]).ok(),
        };
        let strides = |x: &ArrayView2<T>| Some((stride(x, 0)?, stride(x, 1)?));
        let contiguous = x.to_slice_memory_order().and(strides(&x));
        let x = match contiguous {
            Some(_) => x,
            None => {
                let mut standard = Array2::zeros(x.dim());
                standard.assign(&x);
                copy.insert(standard).view()
            }
        };
        let (row, col) = strides(&x).unwrap_or_else(|| unreachable!("in row-major order"));
        let data = x
            .to_slice_memory_order()
            .unwrap_or_else(|| unreachable!("contiguous"));
        Matrix { data, row, col }
    }

    fn columns(self, first: usize) -> Self {
        Matrix {
            data: &self.data[(first * self.col).min(self.data.len())..],
            ..self
        }
    }
}

struct Task<'a, T> {
    a: &'a [T],
    step: usize,
    taps: Taps<'a>,
    b: Matrix<'a, T>,
    bias: Option<&'a [T]>,
    out: ArrayViewMut2<'a, T>,
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let columns = self.out.ncols();
        let terms = self.taps.len();
        let mut rows = rows(&mut self.out);
        let mut start = self.bias.map_or(Start::Zero, Start::Row);
        let mut packed = Buffer::any(terms.min(TERMS) * 2 * width::<T, S>());
        for first in (0..terms.max(1)).step_by(TERMS) {
            let range = first..(first + TERMS).min(terms);
            let mut column = 0;
            while column < columns {
                let width = panel_width::<T, S>(columns - column);
                let panel_columns = column..(column + width).min(columns);
                let weights = &mut packed[..range.len() * width];
                pack(
                    simd,
                    self.b,
                    range.clone(),
                    panel_columns.clone(),
                    weights,
                    width,
                );
                panel(
                    simd,
                    (self.a, self.step, self.taps.range(range.clone())),
                    weights,
                    &mut rows,
                    panel_columns,
                    start,
                );
                column += width;
            }
            start = Start::Rows;
        }
    }
}

/// Copies rows and columns of `b` into rows of `width`, padded with zeros.
#[inline(always)]
fn pack<S: Simd, T: Scalar>(
    simd: S,
    b: Matrix<T>,
    rows: Range<usize>,
    columns: Range<usize>,
    out: &mut [T],
    width: usize,
) {
    if columns.len() < width {
        out.fill(T::zero());
    }
    if b.col == 1 {
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            let b = &b.data[row * b.row + columns.start..][..columns.len()];
            let vectors = b.chunks(simd::width::<T, S>());
            for (b, out) in vectors.zip(T::vectors_mut::<S>(out)) {
                *out = T::load(simd, b);
            }
        }
    } else {
        for (j, column) in columns.enumerate() {
            let from = b.data[column * b.col + rows.start * b.row..].iter();
            let from = from.step_by(b.row.max(1)).take(rows.len());
            let out = out.iter_mut().skip(j).step_by(width);
            out.zip(from).for_each(|(out, &b)| *out = b);
        }
    }
}
