//! Sums that stay accurate over many elements: blocks of a fixed size, added in order.

use std::ops::Range;

use super::{layout::standard, simd::vectorized};
use crate::{
    Scalar, Tensor,
    buffer::{Buffer, give_back},
    pool,
};

/// A running sum of this many elements is still accurate in `f32`.
const BLOCK: usize = 1024;

/// Number of elements from which on sums of rows are divided into tasks.
const TASK: usize = 1 << 16;

/// Columns of a task, whose sums stay in the first-level cache.
const STRIP: usize = 256;

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
                out => T::sum_rows(x, out),
            }
        }
    }
    give_back(x);
    out.into_tensor(&kept)
}

/// Adds rows of `out.len()` elements to `out`: the sums of blocks of rows, in order. Blocks, and
/// strips of their columns, are tasks.
pub fn rows<T: Scalar>(x: &[T], out: &mut [T]) {
    let columns = out.len();
    if x.len() < TASK {
        let mut partial = vec![T::zero(); columns];
        for block in x.chunks(BLOCK * columns) {
            partial.fill(T::zero());
            strip(block, columns, 0, &mut partial);
            add(out, &partial);
        }
        return;
    }
    let mut partials = Buffer::zeros(x.len().div_ceil(BLOCK * columns) * columns);
    let blocks = x.chunks(BLOCK * columns).zip(partials.chunks_mut(columns));
    let tasks = blocks.flat_map(|(block, partial)| {
        let strips = partial.chunks_mut(STRIP).enumerate();
        strips.map(move |(i, partial)| (block, i * STRIP, partial))
    });
    pool::each(tasks, |_, (block, first, partial)| {
        strip(block, columns, first, partial);
    });
    for partial in partials.chunks(columns) {
        add(out, partial);
    }
}

/// Adds some columns of all rows, from the column `first` on.
fn strip<T: Scalar>(x: &[T], columns: usize, first: usize, sums: &mut [T]) {
    vectorized(
        #[inline(always)]
        || {
            for row in x.chunks(columns) {
                let terms = sums.iter_mut().zip(&row[first..]);
                terms.for_each(|(sum, &x)| *sum += x);
            }
        },
    );
}

fn add<T: Scalar>(sums: &mut [T], row: &[T]) {
    let terms = sums.iter_mut().zip(row);
    terms.for_each(|(sum, &x)| *sum += x);
}
