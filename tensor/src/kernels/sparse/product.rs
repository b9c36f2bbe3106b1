//! Products with a mostly-zero matrix: only its non-zero elements are visited.

use std::ops::Range;

use ndarray::{Array2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

use super::{BLOCK, List, Sparse};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        gemm::{rows, tiles},
        simd::{self, Lanes, is_tuned, width},
    },
    pool,
};

/// Outputs that are summed at once: as many as fit the registers of AVX2.
const OUTPUTS: usize = 96;

/// Rows of a task of the product; fewer rows mean that all weights are read more often.
const ROWS: usize = 50;

/// Maximum number of multiply-adds, with those of zeros, of a product that isn't divided: a few
/// rows take as long as waking a thread.
const SMALL: usize = 1 << 19;

impl<T: Scalar> Sparse<T> {
    /// Multiplies by `weights`, `[columns, n]` in row-major order, and adds `bias` to each row:
    /// returns `[rows, n]`.
    pub fn matmul(&self, weights: &[T], n: usize, bias: Option<&[T]>) -> Array2<T> {
        let out = Buffer::any(self.rows * n).into_array(&[self.rows, n]);
        let mut out = out
            .into_dimensionality()
            .unwrap_or_else(|e| unreachable!("a matrix: {e}"));
        let outputs = match self.rows * self.columns * n <= SMALL {
            true => n,
            false => OUTPUTS,
        };
        pool::each(tiles(&mut out, ROWS, outputs), |_, ([row, column], out)| {
            simd::run_for::<T, _>(Matmul {
                x: self,
                weights,
                n,
                bias,
                row,
                column,
                out,
            });
        });
        out
    }

    /// Multiplies the transpose by `g`, `[rows, n]` in row-major order: returns `[columns, n]`.
    pub fn transposed_matmul(&self, g: &[T], n: usize) -> Array2<T> {
        let mut out = Buffer::any(self.columns * n);
        if n > 0 {
            pool::each(out.chunks_mut(BLOCK * n), |block, out| {
                simd::run_for::<T, _>(TransposedMatmul {
                    x: self,
                    g,
                    n,
                    block,
                    out,
                });
            });
        }
        let out = out.into_array(&[self.columns, n]);
        out.into_dimensionality()
            .unwrap_or_else(|e| unreachable!("a matrix: {e}"))
    }
}

struct Matmul<'a, T: Scalar> {
    x: &'a Sparse<T>,
    weights: &'a [T],
    n: usize,
    bias: Option<&'a [T]>,
    row: usize,
    column: usize,
    out: ArrayViewMut2<'a, T>,
}

impl<T: Scalar> WithSimd for Matmul<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let x = self.x;
        let mut rows = rows(&mut self.out);
        for row in &mut rows {
            match self.bias {
                Some(bias) => row.copy_from_slice(&bias[self.column..][..row.len()]),
                None => row.fill(T::zero()),
            }
        }
        for columns in passes::<S, T>(rows.first().map_or(0, |row| row.len())) {
            let weights = &self.weights[self.column + columns.start..];
            for block in 0..x.columns.div_ceil(BLOCK) {
                let lists = x.lists(self.row..self.row + rows.len(), block);
                let rows = rows.iter_mut().map(|row| &mut row[columns.clone()]);
                add_products(
                    simd,
                    columns.len(),
                    lists.zip(rows),
                    (weights, self.n),
                    true,
                );
            }
        }
    }
}

struct TransposedMatmul<'a, T: Scalar> {
    x: &'a Sparse<T>,
    g: &'a [T],
    n: usize,
    block: usize,
    out: &'a mut [T],
}

impl<T: Scalar> WithSimd for TransposedMatmul<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (n, samples) = (self.n, self.x.rows);
        // The lists of this block by column.
        let columns = self.out.len() / n;
        let mut counts = [0; BLOCK];
        let mut at: Buffer<u32> = Buffer::any(columns * samples);
        let mut values: Buffer<T> = Buffer::any(columns * samples);
        for (sample, list) in self.x.lists(0..samples, self.block).enumerate() {
            for (column, value) in list.iter() {
                let column = column - self.block * BLOCK;
                let place = column * samples + counts[column];
                at[place] = sample as u32;
                values[place] = value;
                counts[column] += 1;
            }
        }
        for outputs in passes::<S, T>(n) {
            let lists = at.chunks_exact(samples).zip(values.chunks_exact(samples));
            let lists = lists.zip(counts).map(|((at, values), count)| List {
                at: &at[..count],
                values: &values[..count],
            });
            let rows = self
                .out
                .chunks_exact_mut(n)
                .map(|row| &mut row[outputs.clone()]);
            let matrix = (&self.g[outputs.start..], n);
            add_products(simd, outputs.len(), lists.zip(rows), matrix, false);
        }
    }
}

/// Maximum number of vectors that are summed at once: the registers of AVX2 hold 12 of them with
/// their operands.
const fn most_vectors<T: Lanes, S: Simd>() -> usize {
    if is_tuned::<T, S>() { 12 } else { 4 }
}

/// Columns that are summed at once: whole vectors, then the remainder that doesn't fill one.
fn passes<S: Simd, T: Scalar>(columns: usize) -> impl Iterator<Item = Range<usize>> {
    let lanes = width::<T, S>();
    let (most, whole) = (most_vectors::<T, S>() * lanes, columns / lanes * lanes);
    let starts = (0..whole).step_by(most);
    let passes = starts.map(move |start| start..(start + most).min(whole));
    passes.chain((whole < columns).then_some(whole..columns))
}

/// Sets each row, of `columns` elements, to the sum of the rows of a matrix at the positions of its
/// list, each times its value; adds it to the row if `keep` is set. `matrix` comes with the
/// distance between its rows.
#[inline(always)]
fn add_products<'a, S: Simd, T: Scalar>(
    simd: S,
    columns: usize,
    rows: impl Iterator<Item = (List<'a, T>, &'a mut [T])>,
    matrix: (&[T], usize),
    keep: bool,
) {
    macro_rules! of {
        ($($vectors:literal)*) => {
            match columns / width::<T, S>() {
                0 => add_part::<S, T>(simd, rows, matrix, keep),
                $($vectors if const { $vectors <= most_vectors::<T, S>() } => {
                    add_vectors::<S, T, $vectors>(simd, rows, matrix, keep);
                })*
                _ => unreachable!("at most {} vectors", most_vectors::<T, S>()),
            }
        };
    }
    of!(1 2 3 4 5 6 7 8 9 10 11 12);
}

/// [`add_products`] for rows of whole vectors.
#[inline(always)]
fn add_vectors<'a, S: Simd, T: Scalar, const VECTORS: usize>(
    simd: S,
    rows: impl Iterator<Item = (List<'a, T>, &'a mut [T])>,
    (matrix, stride): (&[T], usize),
    keep: bool,
) {
    for (list, row) in rows {
        let Some(row) = T::vectors_mut::<S>(row).first_chunk_mut::<VECTORS>() else {
            continue;
        };
        let mut sums = match keep {
            true => *row,
            false => [T::splat(simd, T::zero()); VECTORS],
        };
        for (at, value) in list.iter() {
            let weights = &matrix[at * stride..][..VECTORS * width::<T, S>()];
            let value = T::splat(simd, value);
            for (sum, &weight) in sums.iter_mut().zip(T::vectors::<S>(weights)) {
                *sum = T::fma(simd, value, weight, *sum);
            }
        }
        *row = sums;
    }
}

/// [`add_products`] for rows of less than a vector.
#[inline(always)]
fn add_part<'a, S: Simd, T: Scalar>(
    simd: S,
    rows: impl Iterator<Item = (List<'a, T>, &'a mut [T])>,
    (matrix, stride): (&[T], usize),
    keep: bool,
) {
    for (list, row) in rows {
        let mut sum = match keep {
            true => T::load(simd, row),
            false => T::splat(simd, T::zero()),
        };
        for (at, value) in list.iter() {
            let weights = T::load(simd, &matrix[at * stride..][..row.len()]);
            sum = T::fma(simd, T::splat(simd, value), weights, sum);
        }
        T::store(simd, row, sum);
    }
}
