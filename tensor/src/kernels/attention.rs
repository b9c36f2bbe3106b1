//! Attention, in the manner of FlashAttention (Dao et al. 2022): the scores of a block of queries
//! are computed, used and forgotten; the backward pass computes them again.
//!
//! The scores of a block are `[keys, BLOCK]`, with a column for each query. Maxima, exponentials
//! and sums are then those of whole vectors, and the block is a factor of the next product as it
//! is. Each sum is one chain in the order of its terms, so neither the size of a block nor the
//! width of vectors changes a bit.

use std::sync::Arc;

use pulp::{Simd, WithSimd};

use super::{
    pack::{Matrix, panels},
    product::{Rows, Start, Taps, panel, panel_width},
    simd,
    transpose::transpose,
};
use crate::{Scalar, buffer::Buffer, math, pool};

/// Queries of a block: a multiple of the width of every panel.
pub const BLOCK: usize = 32;

/// Queries of a narrow block, whose other columns are not computed.
const NARROW: usize = 16;

/// Multiply-adds of a task, if there are enough samples.
const TASK: usize = 1 << 19;

/// Number of samples from which on a task has all heads of a sample.
const SAMPLES: usize = 8;

/// Fills a slice with the factors at adjacent positions, given the first of them.
pub type Factors<T> = Arc<dyn Fn(usize, &mut [T]) + Send + Sync>;

/// The heads of the attention in samples `[tokens, heads · size]`.
pub struct Heads<T> {
    pub tokens: usize,
    pub heads: usize,
    /// Features of a head.
    pub size: usize,
    /// Whether a query sees only the keys up to its own token.
    pub causal: bool,
    /// Factors of the probabilities.
    pub factors: Option<Factors<T>>,
}

impl<T: Scalar> Heads<T> {
    /// Computes the output `[n, tokens, heads · size]` for `x`, `[n, tokens, 3 · heads · size]`:
    /// queries, keys and values. Returns for each head `[2, tokens]`, too: the maximum of the scaled
    /// scores of each query, and the inverse of the sum of their exponentials.
    pub fn forward(&self, x: &[T]) -> (Buffer<T>, Buffer<T>) {
        let mut out = Buffer::any(x.len() / 3);
        let mut moments = Buffer::any(x.len() / (3 * self.size) * 2);
        let offsets = self.offsets();
        let scratch = self.tokens * (BLOCK + self.wide()) + self.with_factors() + BLOCK * self.size;
        let moments_out = (&mut moments[..], 2 * self.tokens);
        self.each::<1, _>(
            &mut out,
            moments_out,
            scratch,
            |head, [out], moments, scratch| {
                simd::run_for::<T, _>(Forward {
                    of: Head::new(self, head, &offsets),
                    x,
                    out,
                    moments,
                    scratch,
                });
            },
        );
        (out, moments)
    }

    /// Computes the gradient of `x`, given that of the output and the second result of
    /// [`Heads::forward`].
    pub fn backward(&self, g: &[T], x: &[T], moments: &[T]) -> Buffer<T> {
        let mut dx = Buffer::any(x.len());
        let mut nothing = vec![(); x.len() / (3 * self.size * self.tokens.max(1))];
        let offsets = self.offsets();
        let scratch = self.tokens * (2 * BLOCK + self.wide())
            + self.with_factors()
            + BLOCK * (self.size + 2 * self.wide());
        self.each::<3, _>(
            &mut dx,
            (&mut nothing, 1),
            scratch,
            |head, rows, _, scratch| {
                let moments = &moments[head * 2 * self.tokens..][..2 * self.tokens];
                simd::run_for::<T, _>(Backward {
                    of: Head::new(self, head, &offsets),
                    g,
                    x,
                    moments,
                    rows,
                    scratch,
                });
            },
        );
        dx
    }

    /// Calls `f` for each head of each sample: with its index, its rows in each of the `PARTS` parts
    /// of `out`, `[n, tokens, PARTS · heads · size]`, its part of `others`, and memory of `scratch`
    /// elements.
    fn each<const PARTS: usize, U: Send>(
        &self,
        out: &mut [T],
        (others, of_head): (&mut [U], usize),
        scratch: usize,
        f: impl Fn(usize, [Vec<&mut [T]>; PARTS], &mut [U], &mut [T]) + Sync,
    ) {
        let (heads, sample) = (self.heads, self.tokens * PARTS * self.heads * self.size);
        if out.is_empty() {
            return;
        }
        let samples = out.len() / sample;
        if samples < SAMPLES {
            let rows = out.chunks_mut(sample).flat_map(|out| self.rows(out));
            pool::each(
                rows.zip(others.chunks_mut(of_head)),
                |head, (rows, others)| {
                    f(head, rows, others, &mut Buffer::any(scratch));
                },
            );
            return;
        }
        let work = 2 * self.tokens * sample / PARTS;
        let together = (TASK / work).clamp(1, samples / SAMPLES);
        let tasks = out.chunks_mut(together * sample);
        let tasks = tasks.zip(others.chunks_mut(together * heads * of_head));
        pool::each(tasks, |task, (out, others)| {
            let mut scratch = Buffer::any(scratch);
            let rows = out.chunks_mut(sample).flat_map(|out| self.rows(out));
            let rows = rows.zip(others.chunks_mut(of_head));
            for (head, (rows, others)) in (task * together * heads..).zip(rows) {
                f(head, rows, others, &mut scratch);
            }
        });
    }

    /// Returns the rows of each head in each part of a sample, `[tokens, PARTS · heads · size]`.
    fn rows<'x, const PARTS: usize>(&self, sample: &'x mut [T]) -> Vec<[Vec<&'x mut [T]>; PARTS]> {
        let none = |_| [(); PARTS].map(|()| Vec::with_capacity(self.tokens));
        let mut heads: Vec<[Vec<&mut [T]>; PARTS]> = (0..self.heads).map(none).collect();
        for token in sample.chunks_mut(PARTS * self.heads * self.size) {
            for (part, features) in token.chunks_mut(self.heads * self.size).enumerate() {
                for (head, row) in heads.iter_mut().zip(features.chunks_mut(self.size)) {
                    head[part].push(row);
                }
            }
        }
        heads
    }

    /// Offsets of adjacent terms, and of those that are a row of a block apart.
    fn offsets(&self) -> [Vec<usize>; 2] {
        let adjacent = (0..self.size.max(BLOCK)).collect();
        [adjacent, (0..self.tokens).map(|key| key * BLOCK).collect()]
    }

    /// The number of factors of a block.
    fn with_factors(&self) -> usize {
        match self.factors {
            Some(_) => self.tokens * BLOCK,
            None => 0,
        }
    }

    /// Columns of the panels that a head's features take, at most.
    fn wide(&self) -> usize {
        self.size.next_multiple_of(BLOCK)
    }
}

/// Returns the first position of the factors of a block of `queries`. Those of the block are `[keys,
/// BLOCK]`, those of the blocks of a head follow each other, and so do those of the heads.
pub fn block_position(tokens: usize, head: usize, block: usize) -> usize {
    (head * tokens.div_ceil(BLOCK) + block) * tokens * BLOCK
}

/// One head of one sample.
#[derive(Clone, Copy)]
struct Head<'a, T> {
    by: &'a Heads<T>,
    /// The index of the head, counted over all samples.
    index: usize,
    offsets: &'a [Vec<usize>; 2],
}

impl<'a, T: Scalar> Head<'a, T> {
    fn new(by: &'a Heads<T>, index: usize, offsets: &'a [Vec<usize>; 2]) -> Self {
        Head { by, index, offsets }
    }

    /// Returns the rows of the head in each of the parts of `x`, `[n, tokens, PARTS · heads ·
    /// size]`.
    #[inline(always)]
    fn parts<'x, const PARTS: usize>(self, x: &'x [T]) -> [Matrix<'x, T>; PARTS] {
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
    fn keys(self, first: usize) -> usize {
        match self.by.causal {
            true => (first + BLOCK).min(self.by.tokens),
            false => self.by.tokens,
        }
    }

    /// The factor of the scores.
    #[inline(always)]
    fn scale(self) -> T {
        T::of(1.0 / (self.by.size as f64).sqrt())
    }

    /// Fills the first factors of a block; returns them if there are any.
    #[inline(always)]
    fn factors(self, first: usize, factors: &mut [T], len: usize) -> Option<&[T]> {
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
    fn cross<S: Simd>(
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
        simd.vectorize(Product {
            x: x.data,
            step: x.row,
            offsets: &self.offsets[0][..size],
            weights: packed,
            terms: size,
            rows,
            columns,
            start: Start::Zero,
        });
    }

    /// Computes the scores of a block of queries: those of later keys are −∞ if the attention is
    /// causal.
    #[inline(always)]
    fn scores<S: Simd>(
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
    fn over_keys<S: Simd>(self, simd: S, block: &[T], packed: &[T], rows: &mut [&mut [T]]) {
        simd.vectorize(Product {
            x: block,
            step: 1,
            offsets: &self.offsets[1][..block.len() / BLOCK],
            weights: packed,
            terms: self.by.tokens,
            rows: Rows::Each(rows),
            columns: self.by.size,
            start: Start::Zero,
        });
    }

    /// Adds the sums over the queries of a block to the rows of the keys: rows of a matrix, which
    /// were packed, times the row of the key.
    #[inline(always)]
    fn over_queries<S: Simd>(
        self,
        simd: S,
        (block, count): (&[T], usize),
        packed: &[T],
        rows: &mut [&mut [T]],
    ) {
        simd.vectorize(Product {
            x: block,
            step: BLOCK,
            offsets: &self.offsets[0][..count],
            weights: packed,
            terms: count,
            rows: Rows::Each(&mut rows[..block.len() / BLOCK]),
            columns: self.by.size,
            start: Start::Rows,
        });
    }
}

/// The columns of a block that are computed.
fn columns(count: usize) -> usize {
    if count <= NARROW { NARROW } else { BLOCK }
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

impl<T: Scalar> WithSimd for Product<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let taps = Taps::new(self.offsets);
        for (columns, at) in panels::<S, T>(self.columns, self.terms) {
            let len = self.offsets.len() * panel_width::<T, S>(columns.len());
            let weights = &self.weights[at..][..len];
            let x = (self.x, self.step, taps);
            panel(simd, x, weights, &mut self.rows, columns, self.start);
        }
    }
}

struct Forward<'a, T> {
    of: Head<'a, T>,
    x: &'a [T],
    out: Vec<&'a mut [T]>,
    moments: &'a mut [T],
    scratch: &'a mut [T],
}

impl<T: Scalar> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let of = self.of;
        let Heads { tokens, size, .. } = *of.by;
        let [queries, keys, values] = of.parts(self.x);
        let (scores, rest) = self.scratch.split_at_mut(tokens * BLOCK);
        let (factors, rest) = rest.split_at_mut(of.by.with_factors());
        let (packed, packed_values) = rest.split_at_mut(BLOCK * size);
        values.pack(simd, 0..tokens, size, packed_values);
        let (maxima, inverses) = self.moments.split_at_mut(tokens);
        let moments = maxima.chunks_mut(BLOCK).zip(inverses.chunks_mut(BLOCK));
        let blocks = self.out.chunks_mut(BLOCK).zip(moments);
        for (block, (rows, moments)) in blocks.enumerate() {
            let (first, count) = (block * BLOCK, rows.len());
            let used = of.keys(first) * BLOCK;
            let scores = &mut scores[..used];
            of.scores(simd, [queries, keys], (first, count), packed, scores);
            match columns(count) {
                NARROW => softmax::<T, NARROW>(scores, of.scale(), moments),
                _ => softmax::<T, BLOCK>(scores, of.scale(), moments),
            }
            if let Some(factors) = of.factors(first, factors, used) {
                multiply(scores, factors);
            }
            of.over_keys(simd, scores, packed_values, rows);
        }
    }
}

struct Backward<'a, T> {
    of: Head<'a, T>,
    g: &'a [T],
    x: &'a [T],
    moments: &'a [T],
    /// Rows of the gradients of queries, keys and values.
    rows: [Vec<&'a mut [T]>; 3],
    scratch: &'a mut [T],
}

impl<T: Scalar> WithSimd for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let of = self.of;
        let Heads { tokens, size, .. } = *of.by;
        let [queries, keys, values] = of.parts(self.x);
        let [g] = of.parts(self.g);
        let (scores, rest) = self.scratch.split_at_mut(tokens * BLOCK);
        let (flows, rest) = rest.split_at_mut(tokens * BLOCK);
        let (factors, rest) = rest.split_at_mut(of.by.with_factors());
        let (packed, rest) = rest.split_at_mut(BLOCK * size);
        let (packed_keys, rest) = rest.split_at_mut(tokens * of.by.wide());
        let (packed_queries, packed_g) = rest.split_at_mut(BLOCK * of.by.wide());
        keys.pack(simd, 0..tokens, size, packed_keys);
        let [dq, dk, dv] = &mut self.rows;
        for row in dk.iter_mut().chain(dv.iter_mut()) {
            row.fill(T::zero());
        }
        let (maxima, inverses) = self.moments.split_at(tokens);
        let moments = maxima.chunks(BLOCK).zip(inverses.chunks(BLOCK));
        for (block, (dq, moments)) in dq.chunks_mut(BLOCK).zip(moments).enumerate() {
            let (first, count) = (block * BLOCK, dq.len());
            let used = of.keys(first) * BLOCK;
            let (scores, flows) = (&mut scores[..used], &mut flows[..used]);
            of.scores(simd, [queries, keys], (first, count), packed, scores);
            // The gradients of the probabilities.
            of.cross(simd, values, (g, first, count), packed, flows);
            let factors = of.factors(first, factors, used);
            if let Some(factors) = factors {
                multiply(flows, factors);
            }
            match columns(count) {
                NARROW => through_softmax::<T, NARROW>(scores, flows, of.scale(), moments),
                _ => through_softmax::<T, BLOCK>(scores, flows, of.scale(), moments),
            }
            if let Some(factors) = factors {
                multiply(scores, factors);
            }
            let block = first..first + count;
            queries.pack(simd, block.clone(), size, packed_queries);
            g.pack(simd, block, size, packed_g);
            of.over_keys(simd, flows, packed_keys, dq);
            of.over_queries(simd, (flows, count), packed_queries, dk);
            of.over_queries(simd, (scores, count), packed_g, dv);
        }
    }
}

/// Replaces the scores in the first columns of a block by probabilities. Stores what they need to
/// be computed again.
#[inline(always)]
fn softmax<T: Scalar, const COLUMNS: usize>(
    block: &mut [T],
    scale: T,
    (maxima, inverses): (&mut [T], &mut [T]),
) {
    let mut max = [T::neg_infinity(); COLUMNS];
    for row in block.as_chunks::<BLOCK>().0 {
        for (max, &x) in max.iter_mut().zip(row) {
            *max = if x > *max { x } else { *max };
        }
    }
    let mut sum = [T::zero(); COLUMNS];
    for max in &mut max {
        *max *= scale;
    }
    for row in block.as_chunks_mut::<BLOCK>().0 {
        for ((x, &max), sum) in row.iter_mut().zip(&max).zip(&mut sum) {
            *x = math::exp(x.mul_add(scale, -max));
            *sum += *x;
        }
    }
    for sum in &mut sum {
        *sum = T::one() / *sum;
    }
    for row in block.as_chunks_mut::<BLOCK>().0 {
        for (x, &inverse) in row.iter_mut().zip(&sum) {
            *x *= inverse;
        }
    }
    maxima.copy_from_slice(&max[..maxima.len()]);
    inverses.copy_from_slice(&sum[..inverses.len()]);
}

/// Replaces the scores in the first columns of a block by probabilities, as [`softmax`] did, and
/// their gradients `flows` by those of the products of queries and keys.
#[inline(always)]
fn through_softmax<T: Scalar, const COLUMNS: usize>(
    block: &mut [T],
    flows: &mut [T],
    scale: T,
    (maxima, inverses): (&[T], &[T]),
) {
    let (mut max, mut inverse) = ([T::zero(); COLUMNS], [T::zero(); COLUMNS]);
    max[..maxima.len()].copy_from_slice(maxima);
    inverse[..inverses.len()].copy_from_slice(inverses);
    // Σ g y of each query.
    let mut along = [T::zero(); COLUMNS];
    let rows = block.as_chunks_mut::<BLOCK>().0.iter_mut();
    for (row, flows) in rows.zip(flows.as_chunks::<BLOCK>().0) {
        for i in 0..COLUMNS {
            row[i] = math::exp(row[i].mul_add(scale, -max[i])) * inverse[i];
            along[i] = row[i].mul_add(flows[i], along[i]);
        }
    }
    let rows = block.as_chunks::<BLOCK>().0.iter();
    for (row, flows) in rows.zip(flows.as_chunks_mut::<BLOCK>().0) {
        for i in 0..COLUMNS {
            flows[i] = row[i] * (flows[i] - along[i]) * scale;
        }
    }
}

#[inline(always)]
fn multiply<T: Scalar>(x: &mut [T], by: &[T]) {
    for (x, &by) in x.iter_mut().zip(by) {
        *x *= by;
    }
}
