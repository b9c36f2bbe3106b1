//! Products with a matrix of which most is zero: only what isn't is walked.

use std::ops::Range;

use ndarray::{Array2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

use super::{
    gemm::{rows, tiles},
    simd::{self, vectorized, width},
};
use crate::{Scalar, buffer::Buffer, pool};

/// Columns of a block of lists: the weights that belong to it fit a first-level cache.
const BLOCK: usize = 64;

/// Outputs that are summed at once: as many as fit the registers of AVX2.
const OUTPUTS: usize = 96;

/// Vectors that are summed at once.
const VECTORS: usize = 12;

/// Rows of a task of the product; the fewer, the more often all weights are read.
const ROWS: usize = 50;

/// Walking costs about twice as much for each number as a dense product does.
const DENSEST: f64 = 0.4;

/// What is not zero in a matrix: for each row and block of columns, a list of columns and values.
pub struct Sparse<T: Scalar> {
    rows: usize,
    columns: usize,
    at: Buffer<u32>,
    values: Buffer<T>,
    /// Lengths of the lists.
    counts: Buffer<u32>,
}

impl<T: Scalar> Sparse<T> {
    /// Whether enough of `x`, with rows of `columns`, is zero.
    pub fn pays(x: &[T], columns: usize) -> bool {
        let fits = !x.is_empty() && u32::try_from(columns).is_ok();
        fits && count_not_zero(x) as f64 <= DENSEST * x.len() as f64
    }

    /// The lists of `x`, in row-major order with rows of `columns`.
    pub fn new(x: &[T], columns: usize) -> Self {
        let rows = x.len() / columns;
        let blocks = columns.div_ceil(BLOCK);
        let mut lists = Sparse {
            rows,
            columns,
            at: Buffer::any(x.len()),
            values: Buffer::any(x.len()),
            counts: Buffer::any(rows * blocks),
        };
        let task = (1usize << 14).div_ceil(columns);
        let tasks = x.chunks(task * columns);
        let tasks = tasks.zip(lists.at.chunks_mut(task * columns));
        let tasks = tasks.zip(lists.values.chunks_mut(task * columns));
        let tasks = tasks.zip(lists.counts.chunks_mut(task * blocks));
        pool::each(tasks, |_, (((x, at), values), counts)| {
            simd::run(Build {
                x,
                columns,
                at,
                values,
                counts,
            });
        });
        lists
    }

    /// The lists of some rows and one block of columns.
    #[inline(always)]
    fn lists(&self, rows: Range<usize>, block: usize) -> impl Iterator<Item = List<'_, T>> {
        let (columns, blocks) = (self.columns, self.columns.div_ceil(BLOCK));
        let entries = rows.start * columns..rows.end * columns;
        let at = self.at[entries.clone()].chunks_exact(columns);
        let values = self.values[entries].chunks_exact(columns);
        let counts = &self.counts[rows.start * blocks..rows.end * blocks];
        let counts = counts[block..].iter().step_by(blocks);
        at.zip(values)
            .zip(counts)
            .map(move |((at, values), &count)| {
                let list = block * BLOCK..block * BLOCK + count as usize;
                List {
                    at: &at[list.clone()],
                    values: &values[list],
                }
            })
    }

    /// The product with `weights`, `[columns, n]` in row-major order, with `bias` added to each row: `[rows, n]`.
    pub fn matmul(&self, weights: &[T], n: usize, bias: Option<&[T]>) -> Array2<T> {
        let out = Buffer::any(self.rows * n).into_array(&[self.rows, n]);
        let mut out = out
            .into_dimensionality()
            .unwrap_or_else(|e| unreachable!("a matrix: {e}"));
        pool::each(tiles(&mut out, ROWS, OUTPUTS), |_, ([row, column], out)| {
            simd::run(Matmul {
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

    /// The product of its transpose with `g`, `[rows, n]` in row-major order: `[columns, n]`.
    pub fn transposed_matmul(&self, g: &[T], n: usize) -> Array2<T> {
        let mut out = Buffer::any(self.columns * n);
        if n > 0 {
            pool::each(out.chunks_mut(BLOCK * n), |block, out| {
                simd::run(TransposedMatmul {
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

/// What isn't zero in one row and block.
#[derive(Clone, Copy)]
struct List<'a, T> {
    at: &'a [u32],
    values: &'a [T],
}

impl<T: Scalar> List<'_, T> {
    #[inline(always)]
    fn iter(self) -> impl Iterator<Item = (usize, T)> {
        let pairs = self.at.iter().zip(self.values);
        pairs.map(|(&at, &value)| (at as usize, value))
    }
}

/// Lists what isn't zero in some rows.
struct Build<'a, T> {
    x: &'a [T],
    columns: usize,
    at: &'a mut [u32],
    values: &'a mut [T],
    counts: &'a mut [u32],
}

impl<T: Scalar> WithSimd for Build<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let columns = self.columns;
        let rows = self.x.chunks_exact(columns);
        let rows = rows.zip(self.at.chunks_exact_mut(columns));
        let rows = rows.zip(self.values.chunks_exact_mut(columns));
        let rows = rows.zip(self.counts.chunks_exact_mut(columns.div_ceil(BLOCK)));
        for (((x, at), values), counts) in rows {
            let blocks = x.chunks(BLOCK).zip(at.chunks_mut(BLOCK));
            let blocks = blocks.zip(values.chunks_mut(BLOCK)).zip(counts);
            for (block, (((x, at), values), count)) in blocks.enumerate() {
                *count = list(x, block * BLOCK, at, values);
            }
        }
    }
}

/// Writes what isn't zero, and its columns, to the front of `values` and `at`; returns how many.
#[inline(always)]
fn list<T: Scalar>(x: &[T], first: usize, at: &mut [u32], values: &mut [T]) -> u32 {
    assert!(at.len() >= x.len() && values.len() >= x.len());
    let mut count = 0;
    let mut add = |column: usize, value: T| {
        // Written in any case and kept only if counted: a branch would be guessed wrong too often.
        // SAFETY: `count` is at most the number of elements of `x` before this one.
        unsafe {
            *at.get_unchecked_mut(count) = column as u32;
            *values.get_unchecked_mut(count) = value;
        }
        count += usize::from(value.is_not_zero());
    };
    let (chunks, rest) = x.as_chunks::<8>();
    let mut column = first;
    for chunk in chunks {
        // Zeros come in rows.
        if chunk.iter().fold(false, |any, x| any | x.is_not_zero()) {
            chunk
                .iter()
                .zip(column..)
                .for_each(|(&x, column)| add(column, x));
        }
        column += chunk.len();
    }
    rest.iter()
        .zip(column..)
        .for_each(|(&x, column)| add(column, x));
    count as u32
}

fn count_not_zero<T: Scalar>(x: &[T]) -> usize {
    let count = |x: &[T]| x.iter().map(|&x| u32::from(x != T::zero())).sum::<u32>() as usize;
    vectorized(|| x.chunks(1 << 16).map(count).sum())
}

/// Whether all numbers are finite.
pub fn all_finite<T: Scalar>(x: &[T]) -> bool {
    vectorized(|| {
        // Zero times a number is zero, or NaN if it isn't finite.
        let mut sums = [T::zero(); 32];
        let (chunks, rest) = x.as_chunks::<32>();
        for chunk in chunks {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += x * T::zero();
            }
        }
        sums.iter().chain(rest).all(|x| x.is_finite())
    })
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

/// Columns that are summed at once.
fn passes<S: Simd, T: Scalar>(columns: usize) -> impl Iterator<Item = Range<usize>> {
    let most = VECTORS * width::<T, S>();
    let starts = (0..columns).step_by(most);
    starts.map(move |start| start..(start + most).min(columns))
}

/// Makes each row, of `columns` elements, of what its list says: the rows of a matrix at the places of the list, each times its value; adds that to what
/// the row holds, if that is to be kept. Rows of the matrix are as far apart as told.
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
                $($vectors => add_vectors::<S, T, $vectors>(simd, rows, matrix, keep),)*
                _ => unreachable!("at most {VECTORS} vectors"),
            }
        };
    }
    of!(0 1 2 3 4 5 6 7 8 9 10 11 12);
}

#[inline(always)]
fn add_vectors<'a, S: Simd, T: Scalar, const VECTORS: usize>(
    simd: S,
    rows: impl Iterator<Item = (List<'a, T>, &'a mut [T])>,
    (matrix, stride): (&[T], usize),
    keep: bool,
) {
    let lanes = VECTORS * width::<T, S>();
    for (list, row) in rows {
        let (whole, rest) = row.split_at_mut(lanes);
        if let Some(row) = T::vectors_mut::<S>(whole).first_chunk_mut::<VECTORS>() {
            let mut sums = match keep {
                true => *row,
                false => [T::splat(simd, T::zero()); VECTORS],
            };
            for (at, value) in list.iter() {
                let weights = T::vectors::<S>(&matrix[at * stride..][..lanes]);
                let value = T::splat(simd, value);
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum = T::fma(simd, value, weight, *sum);
                }
            }
            *row = sums;
        }
        // What doesn't fill a vector.
        for (j, out) in (lanes..).zip(rest) {
            let start = if keep { *out } else { T::zero() };
            let add = |sum: T, (at, value): (usize, T)| value.mul_add(matrix[at * stride + j], sum);
            *out = list.iter().fold(start, add);
        }
    }
}
