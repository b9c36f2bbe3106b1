//! Memory order: tests and conversions.

use std::cmp::Reverse;

use ndarray::{ArrayViewD, Axis, IxDyn};

use crate::{
    Scalar, Tensor,
    buffer::{Buffer, LINE, give_back},
    kernels::transpose::transpose,
    pool,
};

/// Elements of a task.
const TASK: usize = 1 << 14;

/// Returns whether elements of the same index have the same position in memory; both have the same
/// shape.
pub fn same<T>(x: ArrayViewD<T>, y: ArrayViewD<T>) -> bool {
    let strides = x.strides().iter().zip(y.strides()).zip(x.shape());
    let mut strides = strides.filter(|(_, size)| **size != 1);
    strides.all(|((x, y), _)| x == y)
}

/// Makes a tensor of the shape of `x` from elements in its memory order; `x` is contiguous.
pub fn like<T: Scalar>(values: Buffer<T>, x: &Tensor<T>) -> Tensor<T> {
    // With its dimensions from the outermost to the innermost, a contiguous tensor is in row-major
    // order.
    in_order(values, x.shape(), &memory_axes(x))
}

/// Returns the dimensions of a tensor from the outermost to the innermost in memory.
pub fn memory_axes<T: Scalar>(x: &Tensor<T>) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..x.ndim()).collect();
    axes.sort_by_key(|&axis| {
        let stride = x.strides()[axis].unsigned_abs();
        (Reverse(stride), x.shape()[axis] == 1)
    });
    axes
}

/// Makes a tensor of a shape from elements in memory order; `axes` are its dimensions from the
/// outermost to the innermost.
pub fn in_order<T: Scalar>(values: Buffer<T>, shape: &[usize], axes: &[usize]) -> Tensor<T> {
    let sizes: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
    let mut back = vec![0; axes.len()];
    for (place, &axis) in axes.iter().enumerate() {
        back[axis] = place;
    }
    values.into_tensor(&sizes).permuted_axes(back)
}

/// Returns zeros in the shape and memory order of `x`; in row-major order if `x` isn't contiguous.
pub fn zeros_like<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let zeros = Buffer::zeros(x.len());
    match memory_order(x) {
        Some(_) => like(zeros, x),
        None => zeros.into_tensor(x.shape()),
    }
}

/// Copies `x`, of the shape of `like`, in the memory order of `like`; in row-major order if `like` isn't
/// contiguous.
pub fn laid_out_like<T: Scalar>(x: &Tensor<T>, like: &Tensor<T>) -> Tensor<T> {
    let mut out = Buffer::any(x.len());
    // Row-major order without `like`'s gaps.
    let axes = match memory_order(like) {
        Some(_) => memory_axes(like),
        None => (0..like.ndim()).collect(),
    };
    copy(x.view().permuted_axes(axes.clone()), &mut out);
    in_order(out, like.shape(), &axes)
}

/// Returns the tensor in memory that begins at a cache line; copied only if it doesn't already.
pub fn aligned<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.as_ptr().align_offset(LINE) == 0 {
        return x;
    }
    laid_out_like(&x, &x)
}

/// Returns the elements of a contiguous tensor in memory order; `None` if it has gaps or negative
/// strides.
pub fn memory_order<T: Scalar>(x: &Tensor<T>) -> Option<&[T]> {
    let mut strides = x.strides().iter().zip(x.shape());
    // The stride of a dimension of one element has no effect.
    let forward = strides.all(|(&stride, &size)| stride >= 0 || size <= 1);
    x.as_slice_memory_order().filter(|_| forward)
}

/// Returns the elements, in memory order, of a tensor that is known to be contiguous.
pub fn slice<T: Scalar>(x: &Tensor<T>) -> &[T] {
    memory_order(x).unwrap_or_else(|| unreachable!("contiguous"))
}

/// Copies the tensor to a recycled buffer, in its memory order if it is contiguous.
pub fn copied<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let mut out = Buffer::any(x.len());
    match memory_order(x) {
        Some(values) => {
            out.copy_from_slice(values);
            like(out, x)
        }
        None => {
            copy(x.view(), &mut out);
            out.into_tensor(x.shape())
        }
    }
}

/// Copies elements in row-major order, row by row, over the threads of the pool.
fn copy<T: Scalar>(x: ArrayViewD<T>, out: &mut [T]) {
    if x.is_empty() || x.ndim() == 0 {
        return out.iter_mut().zip(x).for_each(|(out, &x)| *out = x);
    }
    let last = x.ndim() - 1;
    let part = x.len() / x.shape()[0];
    let parts = TASK.div_ceil(part);
    let tasks = x.axis_chunks_iter(Axis(0), parts);
    pool::each(tasks.zip(out.chunks_mut(parts * part)), |_, (x, out)| {
        let rows = out.chunks_exact_mut(x.shape()[last]);
        for (row, out) in x.lanes(Axis(last)).into_iter().zip(rows) {
            match row.as_slice() {
                Some(row) => out.copy_from_slice(row),
                None if row.strides()[0] == 0 => out.fill(row[0]),
                None => out.iter_mut().zip(row).for_each(|(out, &x)| *out = x),
            }
        }
    });
}

/// Copies the tensor to a recycled buffer of a larger shape, to which it is broadcast.
pub fn stretched<T: Scalar>(x: &Tensor<T>, shape: &[usize]) -> Tensor<T> {
    let x = x
        .broadcast(shape)
        .unwrap_or_else(|| unreachable!("the shapes are known to fit"));
    let mut out = Buffer::any(x.len());
    copy(x, &mut out);
    out.into_tensor(shape)
}

/// Returns the tensor in row-major order. It is copied, and then recycled, only if it isn't
/// already.
pub fn standard<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.is_standard_layout() {
        return x;
    }
    let mut out = Buffer::any(x.len());
    match rotated_slice(&x) {
        Some((x, matrix)) if !x.is_empty() => transpose_each(x, matrix, &mut out),
        _ => copy(x.view(), &mut out),
    }
    let out = out.into_tensor(x.shape());
    give_back(x);
    out
}

/// Returns the tensor `[n, channels, h, w]` with its channels last in memory: PyTorch's
/// `channels_last`. It is copied, and then recycled, only if it isn't already.
pub fn channels_last<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if channels_last_slice(&x).is_some() {
        return x;
    }
    let &[n, channels, h, w] = x.shape() else {
        panic!("channels_last: shape {:?}", x.shape());
    };
    let mut out = Buffer::any(x.len());
    match x.as_slice() {
        Some(x) if !x.is_empty() => transpose_each(x, [channels, h * w], &mut out),
        _ => {
            let x = x.view().permuted_axes(vec![0, 2, 3, 1]);
            copy(x, &mut out);
        }
    }
    give_back(x);
    as_channels_last(out, [n, channels, h, w])
}

/// Returns the tensor `[n, channels, …]` with its channels last in memory.
pub fn channels_innermost<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.ndim() == 4 {
        return channels_last(x);
    }
    let (last, back) = innermost(x.ndim());
    standard(x.permuted_axes(last)).permuted_axes(back)
}

/// Makes a tensor `[n, channels, …]` from a buffer whose channels are last.
pub fn shaped<T: Scalar>(values: Buffer<T>, shape: &[usize]) -> Tensor<T> {
    let (last, _) = innermost(shape.len());
    in_order(values, shape, &last)
}

/// The dimensions with the second one last, and the permutation that reverses this.
fn innermost(dimensions: usize) -> (Vec<usize>, Vec<usize>) {
    let mut last: Vec<_> = (0..dimensions).collect();
    let mut back = last.clone();
    last[1..].rotate_left(1);
    back[1..].rotate_right(1);
    (last, back)
}

/// Makes a tensor `[n, channels, h, w]` from a buffer `[n, h, w, channels]`.
pub fn as_channels_last<T: Scalar>(x: Buffer<T>, shape: [usize; 4]) -> Tensor<T> {
    let [n, channels, h, w] = shape;
    x.into_tensor(&[n, h, w, channels])
        .permuted_axes(IxDyn(&[0, 3, 1, 2]))
}

/// Returns the elements `[n, h, w, channels]` of a tensor `[n, channels, h, w]` that is
/// channels-last in memory, and `[n, channels, h · w]`.
pub fn channels_last_slice<T: Scalar>(x: &Tensor<T>) -> Option<(&[T], [usize; 3])> {
    let &[n, channels, h, w] = x.shape() else {
        return None;
    };
    let slice = x.view().permuted_axes(vec![0, 2, 3, 1]).to_slice()?;
    Some((slice, [n, channels, h * w]))
}

/// Returns the elements of a tensor whose dimensions are, except for the first, rotated in memory, as
/// in channels-last images and transposed matrices; and the size of the matrices that are to be
/// transposed to get row-major order.
fn rotated_slice<T: Scalar>(x: &Tensor<T>) -> Option<(&[T], [usize; 2])> {
    (2..x.ndim()).find_map(|split| {
        let mut axes: Vec<_> = (0..x.ndim()).collect();
        axes[1..].rotate_left(split - 1);
        let slice = x.view().permuted_axes(axes).to_slice()?;
        let (columns, rows) = x.shape()[1..].split_at(split - 1);
        Some((slice, [rows, columns].map(|sizes| sizes.iter().product())))
    })
}

/// Transposes each of the matrices in `x`, over the threads of the pool. No size is 0.
fn transpose_each<T: Scalar>(x: &[T], [rows, columns]: [usize; 2], out: &mut [T]) {
    let matrix = rows * columns;
    let task = TASK.div_ceil(matrix) * matrix;
    pool::each(x.chunks(task).zip(out.chunks_mut(task)), |_, (x, out)| {
        let matrices = x.chunks_exact(matrix).zip(out.chunks_exact_mut(matrix));
        for (x, out) in matrices {
            transpose((x, columns), [rows, columns], (out, rows));
        }
    });
}
