//! Products with a matrix of which most is zero: only what isn't is walked.

use ndarray::{Array2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

use super::{
    gemm::{rows, tiles},
    simd::{self, width},
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
    /// The lists of `x`, in row-major order with rows of `columns`; `None` where it isn't sparse enough to pay.
    pub fn new(x: &[T], columns: usize) -> Option<Self> {
        let count = simd::run(Count(x));
        if x.is_empty()
            || count as f64 > DENSEST * x.len() as f64
            || u32::try_from(columns).is_err()
        {
            return None;
        }
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
        let lists_of = (lists.at.chunks_mut(task * columns))
            .zip(lists.values.chunks_mut(task * columns))
            .zip(lists.counts.chunks_mut(task * blocks));
        pool::each(
            x.chunks(task * columns).zip(lists_of),
            |_, (x, ((at, values), counts))| {
                let rows = x.chunks_exact(columns).zip(at.chunks_exact_mut(columns));
                let rows = rows.zip(values.chunks_exact_mut(columns));
                for (((x, at), values), counts) in rows.zip(counts.chunks_exact_mut(blocks)) {
                    let blocks = x.chunks(BLOCK).zip(at.chunks_mut(BLOCK));
                    let blocks = blocks.zip(values.chunks_mut(BLOCK)).zip(counts);
                    for (block, (((x, at), values), count)) in blocks.enumerate() {
                        *count = list(x, (block * BLOCK) as u32, at, values);
                    }
                }
            },
        );
        Some(lists)
    }

    /// The list of a row and a block of columns.
    #[inline(always)]
    fn list(&self, row: usize, block: usize) -> impl Iterator<Item = (usize, T)> + Clone {
        let count = self.counts[row * self.columns.div_ceil(BLOCK) + block] as usize;
        let first = row * self.columns + block * BLOCK;
        let at = &self.at[first..first + count];
        let values = &self.values[first..first + count];
        at.iter()
            .zip(values)
            .map(|(&at, &value)| (at as usize, value))
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

/// Appends what isn't zero to the front of `at` and `values`; returns how many.
fn list<T: Scalar>(x: &[T], first: u32, at: &mut [u32], values: &mut [T]) -> u32 {
    let mut count = 0;
    for (column, &value) in (first..).zip(x) {
        // Written in any case and kept only if counted: a branch would be guessed wrong too often.
        at[count] = column;
        values[count] = value;
        count += usize::from(value != T::zero());
    }
    count as u32
}

struct Count<'a, T>(&'a [T]);

impl<T: Scalar> WithSimd for Count<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let count = |x: &[T]| x.iter().map(|&x| u32::from(x != T::zero())).sum::<u32>() as usize;
        self.0.chunks(1 << 16).map(count).sum()
    }
}

/// Whether all numbers are finite.
pub fn all_finite<T: Scalar>(x: &[T]) -> bool {
    struct AllFinite<'a, T>(&'a [T]);
    impl<T: Scalar> WithSimd for AllFinite<'_, T> {
        type Output = bool;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> bool {
            // Zero times a number is zero, or NaN if it isn't finite.
            let mut sums = [T::zero(); 32];
            let (chunks, rest) = self.0.as_chunks::<32>();
            for chunk in chunks {
                for (sum, &x) in sums.iter_mut().zip(chunk) {
                    *sum += x * T::zero();
                }
            }
            sums.iter().chain(rest).all(|x| x.is_finite())
        }
    }
    const TASK: usize = 1 << 15;
    let mut finite = vec![true; x.len().div_ceil(TASK)];
    pool::each(x.chunks(TASK).zip(&mut finite), |_, (x, finite)| {
        *finite = simd::run(AllFinite(x));
    });
    finite.iter().all(|&finite| finite)
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
        let columns = self.out.ncols();
        let mut rows = rows(&mut self.out);
        for block in 0..self.x.columns.div_ceil(BLOCK) {
            for (i, out) in rows.iter_mut().enumerate() {
                if block == 0 {
                    match self.bias {
                        Some(bias) => out.copy_from_slice(&bias[self.column..][..columns]),
                        None => out.fill(T::zero()),
                    }
                }
                let list = self.x.list(self.row + i, block);
                add_rows(simd, list, &self.weights[self.column..], self.n, out);
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
        for sample in 0..samples {
            for (column, value) in self.x.list(sample, self.block) {
                let column = column - self.block * BLOCK;
                let place = column * samples + counts[column];
                at[place] = sample as u32;
                values[place] = value;
                counts[column] += 1;
            }
        }
        for first in (0..n).step_by(OUTPUTS) {
            let outputs = first..(first + OUTPUTS).min(n);
            for (column, out) in self.out.chunks_exact_mut(n).enumerate() {
                let list = column * samples..column * samples + counts[column];
                let list = at[list.clone()].iter().zip(&values[list]);
                let list = list.map(|(&at, &value)| (at as usize, value));
                let out = &mut out[outputs.clone()];
                out.fill(T::zero());
                add_rows(simd, list, &self.g[first..], n, out);
            }
        }
    }
}

/// Adds to `out` the rows of `matrix` at the places of the list, each times its value. Rows are `stride` apart.
#[inline(always)]
fn add_rows<S: Simd, T: Scalar>(
    simd: S,
    list: impl Iterator<Item = (usize, T)> + Clone,
    matrix: &[T],
    stride: usize,
    out: &mut [T],
) {
    let mut first = 0;
    while first < out.len() {
        let columns = first..(first + VECTORS * width::<T, S>()).min(out.len());
        let out = &mut out[columns.clone()];
        let matrix = &matrix[columns.start..];
        macro_rules! of {
            ($($vectors:literal)*) => {
                match out.len() / width::<T, S>() {
                    $($vectors => add_vectors::<S, T, $vectors>(simd, list.clone(), matrix, stride, out),)*
                    _ => unreachable!("at most {VECTORS} vectors"),
                }
            };
        }
        of!(0 1 2 3 4 5 6 7 8 9 10 11 12);
        first = columns.end;
    }
}

#[inline(always)]
fn add_vectors<S: Simd, T: Scalar, const VECTORS: usize>(
    simd: S,
    list: impl Iterator<Item = (usize, T)> + Clone,
    matrix: &[T],
    stride: usize,
    out: &mut [T],
) {
    let lanes = VECTORS * width::<T, S>();
    if let Some(out) = T::vectors_mut::<S>(&mut out[..lanes]).first_chunk_mut::<VECTORS>() {
        let mut sums = *out;
        for (at, value) in list.clone() {
            let row = T::vectors::<S>(&matrix[at * stride..][..lanes]);
            let value = T::splat(simd, value);
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum = T::fma(simd, value, weight, *sum);
            }
        }
        *out = sums;
    }
    // What doesn't fill a vector.
    for (j, out) in out.iter_mut().enumerate().skip(lanes) {
        for (at, value) in list.clone() {
            *out = value.mul_add(matrix[at * stride + j], *out);
        }
    }
}
