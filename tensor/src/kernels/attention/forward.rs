//! The forward pass of one head: scores, probabilities and their products with the values.

use pulp::{Simd, WithSimd};

use super::{
    BLOCK, Heads, NARROW,
    head::{Head, columns, multiply},
};
use crate::{Scalar, math};

/// Computes the output of a head.
pub struct Forward<'a, T> {
    pub of: Head<'a, T>,
    pub x: &'a [T],
    pub out: Vec<&'a mut [T]>,
    pub moments: &'a mut [T],
    pub scratch: &'a mut [T],
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
