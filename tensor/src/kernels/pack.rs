//! Copies of parts of matrices, in the order in which a product reads them.
//!
//! The rows of a wide matrix are on different pages, and a power of two apart they compete for the
//! same few lines of a cache.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use pulp::{Simd, WithSimd};

use super::{product::panel_width, simd, transpose::transpose};
use crate::Scalar;

/// Rows that are copied to one panel after another: each row is on a page of its own.
const GROUP: usize = 8;

/// A matrix as a slice with strides, of which one is 1, or 0 if there is only one row or column.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    pub data: &'a [T],
    pub row: usize,
    pub col: usize,
}

impl<'a, T: Scalar> Matrix<'a, T> {
    /// Borrows the matrix; one with gaps or negative strides is copied to `copy` first.
    pub fn new(x: ArrayView2<'a, T>, copy: &'a mut Option<Array2<T>>) -> Self {
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

    /// Returns the matrix without its first rows and columns.
    #[inline(always)]
    pub fn from(self, row: usize, column: usize) -> Self {
        let first = (row * self.row + column * self.col).min(self.data.len());
        Matrix {
            data: &self.data[first..],
            ..self
        }
    }

    /// Copies the first rows and columns to `out`, in the order of the matrix: its lines are rows,
    /// or columns if those are adjacent in memory, and `apart` elements from each other in `out`.
    #[inline(always)]
    pub fn copy_to(self, rows: usize, columns: usize, out: &mut [T], apart: usize) {
        let (lines, len, from) = match self.row {
            1 => (columns, rows, self.col),
            _ => (rows, columns, self.row),
        };
        for (line, out) in out.chunks_mut(apart).take(lines).enumerate() {
            out[..len].copy_from_slice(&self.data[line * from..][..len]);
        }
    }

    /// Copies the first rows and columns to panels as [`Matrix::pack`] does, with this machine's
    /// vectors.
    pub fn pack_first(self, rows: usize, columns: usize, out: &mut [T]) {
        simd::run_for::<T, _>(Pack {
            matrix: self,
            rows,
            columns,
            out,
        });
    }

    /// Copies rows of the first columns to panels, one behind the other, padded with zeros.
    #[inline(always)]
    pub fn pack<S: Simd>(self, simd: S, rows: Range<usize>, columns: usize, out: &mut [T]) {
        let terms = rows.len();
        if self.col == 1 {
            for first in rows.clone().step_by(GROUP) {
                let group = first..(first + GROUP).min(rows.end);
                for (columns, start) in panels::<S, T>(columns, terms) {
                    let width = panel_width::<T, S>(columns.len());
                    let out = &mut out[start + (first - rows.start) * width..];
                    for (row, out) in group.clone().zip(out.chunks_exact_mut(width)) {
                        let row = &self.data[row * self.row + columns.start..][..columns.len()];
                        let vectors = row.chunks(simd::width::<T, S>());
                        for (row, out) in vectors.zip(T::vectors_mut::<S>(out)) {
                            *out = T::load(simd, row);
                        }
                    }
                }
            }
        } else {
            for (columns, start) in panels::<S, T>(columns, terms) {
                let width = panel_width::<T, S>(columns.len());
                let out = &mut out[start..][..terms * width];
                if columns.len() < width {
                    out.fill(T::zero());
                }
                let from = self.from(rows.start, columns.start);
                transpose((from.data, from.col), [columns.len(), terms], (out, width));
            }
        }
    }
}

struct Pack<'a, T> {
    matrix: Matrix<'a, T>,
    rows: usize,
    columns: usize,
    out: &'a mut [T],
}

impl<T: Scalar> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.matrix.pack(simd, 0..self.rows, self.columns, self.out);
    }
}

/// Divides columns into panels; returns the columns of each, and where its weights begin if each
/// has `terms` rows.
#[inline(always)]
pub fn panels<S: Simd, T: Scalar>(
    columns: usize,
    terms: usize,
) -> impl Iterator<Item = (Range<usize>, usize)> {
    let widest = panel_width::<T, S>(columns);
    let starts = (0..columns).step_by(widest);
    starts.map(move |start| (start..(start + widest).min(columns), start * terms))
}
