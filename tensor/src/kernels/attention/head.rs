//! One head of one sample: its part of the arrays, and the products of its blocks.

use pulp::Simd;

use super::{BLOCK, Heads, NARROW, block_position};
use crate::{
    Scalar,
    kernels::{
        pack::{Matrix, panels},
        product::{Rows, Start, Taps, panel, panel_width},
        transpose::transpose,
    },
};

/// One head of one sample.
#[derive(Clone, Copy)]
pub struct Head<'a, T> {
    pub by: &'a Heads<T>,
    /// The index of the head, counted over all samples.
    index: usize,
    offsets: &'a [Vec<usize>; 2],
}

impl<'a, T: Scalar> Head<'a, T> {
    /// Returns a head, counted over all samples.
    pub fn new(by: &'a Heads<T>, index: usize, offsets: &'a [Vec<usize>; 2]) -> Self {
        Head { by, index, offsets }
    }

    /// Returns the rows of the head in each of the parts of `x`, `[n, tokens, PARTS · heads ·
    /// size]`.
    #[inline(always)]
    pub fn parts<'x, const PARTS: usize>(self, x: &'x [T]) -> [Matrix<'x, T>; PARTS] {
        let Heads {
            tokens,
            heads,
            size,
            ..
        } = *self.by;
        let (sample, head) = (self.index / heads, self.index % heads);
        let row = PARTS * heads * size;
        std::array::from_fn(|part| Matrix {
            data: &x[sample * tokens * row + (part * heads + head) * size..],
            row,
            col: 1,
        })
    }

    /// The number of keys that some query of a block sees.
    #[inline(always)]
    pub fn keys(self, first: usize) -> usize {
        match self.by.causal {
            true => (first + BLOCK).min(self.by.tokens),
            false => self.by.tokens,
        }
    }

    /// The factor of the scores.
    #[inline(always)]
    pub fn scale(self) -> T {
        T::of(1.0 / (self.by.size as f64).sqrt())
    }

    /// Fills the first factors of a block; returns them if there are any.
    #[inline(always)]
    pub fn factors(self, first: usize, factors: &mut [T], len: usize) -> Option<&[T]> {
        let fill = self.by.factors.as_ref()?;
        let factors = &mut factors[..len];
        fill(
            block_position(self.by.tokens, self.index, first / BLOCK),
            factors,
        );
        Some(factors)
    }

    /// Computes the products of each of `x` with some rows of `y` from `first` on: `out` is
    /// `[keys, BLOCK]`. `packed` is the memory for a copy of those rows.
    #[inline(always)]
    pub fn cross<S: Simd>(
        self,
        simd: S,
        x: Matrix<'_, T>,
        (y, first, count): (Matrix<'_, T>, usize, usize),
        packed: &mut [T],
        out: &mut [T],
    ) {
        let (size, columns) = (self.by.size, columns(count));
        for (columns, at) in panels::<S, T>(columns, size) {
            let width = panel_width::<T, S>(columns.len());
            let packed = &mut packed[at..][..width * size];
            let there = count.saturating_sub(columns.start).min(width);
            if there < width {
                packed.fill(T::zero());
            }
            let rows = &y.from(first + columns.start, 0).data;
            transpose((rows, y.row), [there, size], (packed, width));
        }
        let rows = Rows::Spaced {
            count: out.len() / BLOCK,
            values: out,
            columns: BLOCK,
            apart: BLOCK,
        };
        Product {
            x: x.data,
            step: x.row,
            offsets: &self.offsets[0][..size],
            weights: packed,
            terms: size,
            rows,
            columns,
            start: Start::Zero,
        }
        .run(simd);
    }

    /// Computes the scores of a block of queries: those of later keys are −∞ if the attention is
    /// causal.
    #[inline(always)]
    pub fn scores<S: Simd>(
        self,
        simd: S,
        [queries, keys]: [Matrix<'_, T>; 2],
        (first, count): (usize, usize),
        packed: &mut [T],
        out: &mut [T],
    ) {
        self.cross(simd, keys, (queries, first, count), packed, out);
        if self.by.causal {
            let later = out.as_chunks_mut::<BLOCK>().0.iter_mut().skip(first);
            for (earlier, row) in later.enumerate() {
                row[..earlier].fill(T::neg_infinity());
            }
        }
    }

    /// Computes the sums over the keys: for each query of a block the rows of a matrix, which were
    /// packed, times the column of the query.
    #[inline(always)]
    pub fn over_keys<S: Simd>(self, simd: S, block: &[T], packed: &[T], rows: &mut [&mut [T]]) {
        Product {
            x: block,
            step: 1,
            offsets: &self.offsets[1][..block.len() / BLOCK],
            weights: packed,
            terms: self.by.tokens,
            rows: Rows::Each(rows),
            columns: self.by.size,
            start: Start::Zero,
        }
        .run(simd);
    }

    /// Adds the sums over the queries of a block to the rows of the keys: rows of a matrix, which
    /// were packed, times the row of the key.
    #[inline(always)]
    pub fn over_queries<S: Simd>(
        self,
        simd: S,
        (block, count): (&[T], usize),
        packed: &[T],
        rows: &mut [&mut [T]],
    ) {
        Product {
            x: block,
            step: BLOCK,
            offsets: &self.offsets[0][..count],
            weights: packed,
            terms: count,
            rows: Rows::Each(&mut rows[..block.len() / BLOCK]),
            columns: self.by.size,
            start: Start::Rows,
        }
        .run(simd);
    }
}

/// The columns of a block that are computed.
pub fn columns(count: usize) -> usize {
    if count <= NARROW { NARROW } else { BLOCK }
}

/// Multiplies each element by the one of the same position.
#[inline(always)]
pub fn multiply<T: Scalar>(x: &mut [T], by: &[T]) {
    for (x, &by) in x.iter_mut().zip(by) {
        *x *= by;
    }
}

/// `rows[i] = start + Σ_k x[offsets[k] + i · step] · weights[k]`.
struct Product<'a, 'b, T> {
    x: &'a [T],
    step: usize,
    offsets: &'a [usize],
    /// Panels of `terms` rows each, of which those of the offsets are used.
    weights: &'a [T],
    terms: usize,
    rows: Rows<'a, 'b, T>,
    columns: usize,
    start: Start<'a, T>,
}

impl<T: Scalar> Product<'_, '_, T> {
    fn run<S: Simd>(mut self, simd: S) {
        let taps = Taps::new(self.offsets);
        for (columns, at) in panels::<S, T>(self.columns, self.terms) {
            let len = self.offsets.len() * panel_width::<T, S>(columns.len());
            let weights = &self.weights[at..][..len];
            let x = (self.x, self.step, taps);
            panel(simd, x, weights, &mut self.rows, columns, self.start);
        }
    }
}
