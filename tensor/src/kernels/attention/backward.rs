//! The backward pass of one head, which computes the probabilities again.

use pulp::{Simd, WithSimd};

use super::{
    BLOCK, Heads, NARROW,
    head::{Head, columns, multiply},
};
use crate::{Scalar, math};

/// Computes the gradients of the queries, keys and values of a head.
pub struct Backward<'a, T> {
    pub of: Head<'a, T>,
    pub g: &'a [T],
    pub x: &'a [T],
    pub moments: &'a [T],
    /// Rows of the gradients of queries, keys and values.
    pub rows: [Vec<&'a mut [T]>; 3],
    pub scratch: &'a mut [T],
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

/// Replaces the scores in the first columns of a block by the probabilities of the forward pass, and
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
