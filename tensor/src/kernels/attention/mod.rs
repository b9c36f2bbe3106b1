//! Attention, in the manner of FlashAttention (Dao et al. 2022): the scores of a block of queries
//! are computed, used and forgotten; the backward pass computes them again.
//!
//! The scores of a block are `[keys, BLOCK]`, with a column for each query. Maxima, exponentials
//! and sums are then those of whole vectors, and the block is a factor of the next product as it
//! is. Each sum is one chain in the order of its terms, so neither the size of a block nor the
//! width of vectors changes a bit.

mod backward;
mod forward;
mod head;

use std::sync::Arc;

use crate::{Scalar, buffer::Buffer, kernels::simd, pool};
use backward::Backward;
use forward::Forward;
use head::Head;

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
