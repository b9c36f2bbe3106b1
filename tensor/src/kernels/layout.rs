//! The same elements in another order in memory.

use std::cmp::Reverse;

use ndarray::{ArrayViewD, IxDyn};

use crate::{Scalar, Tensor, buffer::Buffer, pool};

/// Elements that a thread takes at once.
const TASK: usize = 1 << 14;

/// Whether elements of the same index lie at the same place in memory, counted from the first; both have one shape.
pub fn same<T>(x: ArrayViewD<T>, y: ArrayViewD<T>) -> bool {
    let strides = x.strides().iter().zip(y.strides()).zip(x.shape());
    let mut strides = strides.filter(|(_, size)| **size != 1);
    strides.all(|((x, y), _)| x == y)
}

/// Elements in the memory order of `x`, which is contiguous, as a tensor of its shape.
pub fn like<T: Scalar>(values: Buffer<T>, x: &Tensor<T>) -> Tensor<T> {
    // With its dimensions from the one with the largest stride on, a contiguous tensor is in row-major order.
    let mut axes: Vec<usize> = (0..x.ndim()).collect();
    axes.sort_by_key(|&axis| (Reverse(x.strides()[axis]), x.shape()[axis] == 1));
    let shape: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
    let mut back = vec![0; axes.len()];
    for (place, &axis) in axes.iter().enumerate() {
        back[axis] = place;
    }
    values.into_tensor(&shape).permuted_axes(back)
}

/// The elements of a contiguous tensor in memory order; `None` also for one that runs backward.
pub fn memory_order<T: Scalar>(x: &Tensor<T>) -> Option<&[T]> {
    let forward = x.strides().iter().all(|&stride| stride >= 0);
    x.as_slice_memory_order().filter(|_| forward)
}

/// A copy in row-major order.
pub fn standard<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let mut out = Buffer::any(x.len());
    match channels_last_slice(x) {
        Some((x, [n, channels, area])) if n * channels * area > 0 => {
            let images = TASK.div_ceil(channels * area);
            let tasks = x.chunks(images * channels * area);
            pool::each(
                tasks.zip(out.chunks_mut(images * channels * area)),
                |_, (x, out)| {
                    transpose(x, [area, channels], out);
                },
            );
        }
        _ => out.iter_mut().zip(x).for_each(|(out, &x)| *out = x),
    }
    out.into_tensor(x.shape())
}

/// A copy of `[n, channels, h, w]` with the channels running fastest.
pub fn channels_last<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let &[n, channels, h, w] = x.shape() else {
        panic!("channels_last: shape {:?}", x.shape());
    };
    let image = channels * h * w;
    let mut out = Buffer::any(x.len());
    match x.as_slice() {
        Some(x) if !x.is_empty() => {
            let images = TASK.div_ceil(image);
            let tasks = x.chunks(images * image);
            pool::each(tasks.zip(out.chunks_mut(images * image)), |_, (x, out)| {
                transpose(x, [channels, h * w], out);
            });
        }
        _ => {
            let x = x.view().permuted_axes(vec![0, 2, 3, 1]);
            out.iter_mut().zip(&x).for_each(|(out, &x)| *out = x);
        }
    }
    as_channels_last(out, [n, channels, h, w])
}

/// A buffer `[n, h, w, channels]` as a tensor `[n, channels, h, w]`.
pub fn as_channels_last<T: Scalar>(x: Buffer<T>, shape: [usize; 4]) -> Tensor<T> {
    let [n, channels, h, w] = shape;
    x.into_tensor(&[n, h, w, channels])
        .permuted_axes(IxDyn(&[0, 3, 1, 2]))
}

/// Whether a tensor `[n, channels, h, w]` has its channels running fastest.
pub fn is_channels_last<T: Scalar>(x: &Tensor<T>) -> bool {
    channels_last_slice(x).is_some()
}

/// The elements `[n, h, w, channels]` of a tensor `[n, channels, h, w]` that lies so in memory; and `[n, channels, h · w]`.
pub fn channels_last_slice<T: Scalar>(x: &Tensor<T>) -> Option<(&[T], [usize; 3])> {
    let &[n, channels, h, w] = x.shape() else {
        return None;
    };
    let slice = x.view().permuted_axes(vec![0, 2, 3, 1]).to_slice()?;
    Some((slice, [n, channels, h * w]))
}

/// Swaps rows and columns of each of many matrices.
fn transpose<T: Scalar>(x: &[T], [rows, columns]: [usize; 2], out: &mut [T]) {
    let matrices = x.chunks_exact(rows * columns);
    for (x, out) in matrices.zip(out.chunks_exact_mut(rows * columns)) {
        for (row, x) in x.chunks_exact(columns).enumerate() {
            let out = out.iter_mut().skip(row).step_by(rows);
            out.zip(x).for_each(|(out, &x)| *out = x);
        }
    }
}
