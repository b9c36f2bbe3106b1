//! Mostly-zero matrices, as lists of their non-zero elements.

mod product;

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::simd::{self, vectorized};
use crate::{Scalar, Tensor, buffer::Buffer, pool};

/// Columns of a block of lists: the weights that belong to it fit the first-level cache.
const BLOCK: usize = 64;

/// Maximum share of non-zero elements: each costs about twice as much as in a dense product.
const DENSEST: f64 = 0.4;

/// Minimum number of outputs: with fewer, listing takes longer than a dense product.
const FEWEST: usize = 96;

/// The non-zero elements of a matrix: for each row and block of columns, a list of columns and
/// values.
pub struct Sparse<T: Scalar> {
    rows: usize,
    columns: usize,
    at: Buffer<u32>,
    values: Buffer<T>,
    /// Lengths of the lists.
    counts: Buffer<u32>,
}

impl<T: Scalar> Sparse<T> {
    /// Returns whether a product of `x`, with rows of `columns`, with `outputs` columns can be
    /// computed from lists, and isn't too narrow.
    pub fn fits(x: &[T], columns: usize, outputs: usize) -> bool {
        !x.is_empty() && u32::try_from(columns).is_ok() && outputs >= FEWEST
    }

    /// Returns whether enough of `x` is zero, too.
    pub fn pays(x: &[T], columns: usize, outputs: usize) -> bool {
        let fits = Sparse::fits(x, columns, outputs);
        fits && count_not_zero(x) as f64 <= DENSEST * x.len() as f64
    }

    /// Lists the non-zero elements of `x`, in row-major order with rows of `columns`.
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
            simd::run_for::<T, _>(Build {
                x,
                columns,
                at,
                values,
                counts,
            });
        });
        lists
    }

    /// Returns the lists of some rows and one block of columns.
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
}

/// The non-zero elements of one row and block.
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

/// Lists the non-zero elements of some rows.
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

/// Writes the non-zero elements and their columns to the start of `values` and `at`; returns their
/// number.
#[inline(always)]
fn list<T: Scalar>(x: &[T], first: usize, at: &mut [u32], values: &mut [T]) -> u32 {
    assert!(at.len() >= x.len() && values.len() >= x.len());
    let mut count = 0;
    let mut add = |column: usize, value: T| {
        // Every element is written and only counted if it is kept: a branch would be mispredicted
        // too often.
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
        // Zeros are often adjacent.
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

/// Elements that a thread looks at at once.
const CHUNK: usize = 1 << 15;

/// Returns the number of elements that are neither 0 nor −0.
pub fn count_not_zero<T: Scalar>(x: &[T]) -> usize {
    let mut counts = vec![0; x.len().div_ceil(CHUNK)];
    pool::each(x.chunks(CHUNK).zip(&mut counts), |_, (x, count)| {
        *count = vectorized(
            #[inline(always)]
            || x.iter().map(|x| u32::from(x.is_not_zero())).sum::<u32>() as usize,
        );
    });
    counts.into_iter().sum()
}

/// Returns whether all elements are finite.
pub fn is_finite<T: Scalar>(x: &Tensor<T>) -> bool {
    match x.as_slice_memory_order() {
        Some(x) => all_finite(x),
        None => x.iter().all(|x| x.is_finite()),
    }
}

/// Returns whether all values are finite.
pub fn all_finite<T: Scalar>(x: &[T]) -> bool {
    let mut are_finite = vec![true; x.len().div_ceil(CHUNK)];
    pool::each(x.chunks(CHUNK).zip(&mut are_finite), |_, (x, finite)| {
        *finite = vectorized(
            #[inline(always)]
            || {
                // Zero times a value is zero, or NaN if the value isn't finite.
                let mut sums = [T::zero(); 32];
                let (chunks, rest) = x.as_chunks::<32>();
                for chunk in chunks {
                    for (sum, &x) in sums.iter_mut().zip(chunk) {
                        *sum += x * T::zero();
                    }
                }
                sums.iter().chain(rest).all(|x| x.is_finite())
            },
        );
    });
    are_finite.into_iter().all(|finite| finite)
}
