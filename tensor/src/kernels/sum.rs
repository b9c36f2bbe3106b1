//! Sums that stay accurate over many elements: blocks of a fixed size, added in order.

use std::ops::Range;

use super::layout::standard;
use crate::{
    Scalar, Tensor,
    buffer::{Buffer, give_back},
};

/// A running sum of this many elements is still accurate in `f32`.
const BLOCK: usize = 1024;

/// Number of interleaved sums within a block.
const LANES: usize = 16;

/// Sums all elements, in logical order.
pub fn total<T: Scalar>(x: &Tensor<T>) -> T {
    let x = x.as_standard_layout();
    slice(x.as_slice().unwrap_or_default())
}

/// Sums a slice: blocks in lanes, the blocks' sums in `f64`.
pub fn slice<T: Scalar>(x: &[T]) -> T {
    let blocks = x.chunks(BLOCK).map(|block| {
        let mut lanes = [T::zero(); LANES];
        let chunks = block.chunks_exact(LANES);
        let rest: T = chunks.remainder().iter().copied().sum();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane += value;
            }
        }
        lanes.into_iter().sum::<T>() + rest
    });
    T::of(blocks.map(T::widen).sum())
}

/// Sums over adjacent dimensions, which are removed.
pub fn over<T: Scalar>(x: &Tensor<T>, axes: Range<usize>) -> Tensor<T> {
    let shape = x.shape();
    let inner: usize = shape[axes.end..].iter().product();
    let summed: usize = shape[axes.clone()].iter().product();
    let kept: Vec<usize> = shape[..axes.start]
        .iter()
        .chain(&shape[axes.end..])
        .copied()
        .collect();

    let x = standard(x.clone());
    let values = x.as_slice().unwrap_or_default();
    let mut out = Buffer::zeros(kept.iter().product());
    if summed * inner > 0 {
        for (x, out) in values.chunks(summed * inner).zip(out.chunks_mut(inner)) {
            match out {
                [out] => *out = slice(x),
                out => rows(x, out),
            }
        }
    }
    give_back(x);
    out.into_tensor(&kept)
}

/// Adds rows of `out.len()` elements to `out`.
fn rows<T: Scalar>(x: &[T], out: &mut [T]) {
    let add = |sum: &mut [T], row: &[T]| {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += value)
    };
    let mut partial = vec![T::zero(); out.len()];
    for block in x.chunks(BLOCK * out.len()) {
        partial.fill(T::zero());
        for row in block.chunks(out.len()) {
            add(&mut partial, row);
        }
        add(out, &partial);
    }
}
