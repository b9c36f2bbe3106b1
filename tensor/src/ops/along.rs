//! Functions of the lines of a tensor along one dimension.

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{slice, standard},
        simd::vectorized,
    },
    pool,
};

/// Elements of a task.
const TASK: usize = 1 << 13;

/// How a tensor is divided into lines.
struct Lines {
    /// Elements of a line.
    size: usize,
    /// Lines of a task.
    task: usize,
    /// The dimensions, that of the lines last.
    order: Vec<usize>,
    /// The permutation that reverses `order`.
    back: Vec<usize>,
}

impl Lines {
    #[track_caller]
    fn new(name: &str, shape: &[usize], axis: usize) -> Self {
        let size = super::size(name, shape, axis);
        let mut order: Vec<_> = (0..shape.len()).collect();
        let mut back = order.clone();
        order[axis..].rotate_left(1);
        back[axis..].rotate_right(1);
        Lines {
            size,
            task: (TASK / size.max(1)).max(1),
            order,
            back,
        }
    }

    /// Puts the dimension of the lines last, also in memory: no copy for the channels of
    /// channels-last images.
    fn last<T: Scalar>(&self, x: Tensor<T>) -> Tensor<T> {
        standard(x.permuted_axes(&self.order[..]))
    }

    fn back<T: Scalar>(&self, x: Tensor<T>) -> Tensor<T> {
        x.permuted_axes(&self.back[..])
    }
}

/// Applies `forward` from each line of `x` along a dimension to a line of the value, and `backward`
/// from the gradient of the value and the value to the gradient of `x`.
#[track_caller]
pub fn map<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    axis: usize,
    forward: impl Fn(&[T], &mut [T]) + Sync,
    backward: impl Fn(&[T], &[T], &mut [T]) + Sync + 'static,
) -> Var<'t, T> {
    let lines = Lines::new(name, &x.shape(), axis);
    let size = lines.size.max(1);
    let task = lines.task * size;
    let input = lines.last(x.value());
    let mut y = Buffer::any(input.len());
    pool::each(
        slice(&input).chunks(task).zip(y.chunks_mut(task)),
        |_, (x, y)| {
            vectorized(
                #[inline(always)]
                || {
                    for (x, y) in x.chunks(size).zip(y.chunks_mut(size)) {
                        forward(x, y);
                    }
                },
            );
        },
    );
    let y = y.into_tensor(input.shape());
    let value = lines.back(y.clone());
    x.tape().op(name, value, [x], move |g, _| {
        let g = lines.last(g);
        let mut dx = Buffer::any(g.len());
        let tasks = slice(&g).chunks(task).zip(slice(&y).chunks(task));
        pool::each(tasks.zip(dx.chunks_mut(task)), |_, ((g, y), dx)| {
            vectorized(
                #[inline(always)]
                || {
                    let lines = g.chunks(size).zip(y.chunks(size));
                    for ((g, y), dx) in lines.zip(dx.chunks_mut(size)) {
                        backward(g, y, dx);
                    }
                },
            );
        });
        give_back(g);
        [Some(lines.back(dx.into_tensor(y.shape())))]
    })
}

/// Applies `forward` from each line of `x` along a dimension, which is removed, to an element of the
/// value, and `backward` from the gradient of that element, the element and the line to the gradient
/// of the line.
#[track_caller]
pub fn fold<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    axis: usize,
    forward: impl Fn(&[T]) -> T + Sync,
    backward: impl Fn(T, T, &[T], &mut [T]) + Sync + 'static,
) -> Var<'t, T> {
    let lines = Lines::new(name, &x.shape(), axis);
    let (size, task) = (lines.size, lines.task);
    let input = lines.last(x.value());
    let kept = &input.shape()[..input.ndim() - 1];
    let mut y = Buffer::any(kept.iter().product());
    let values = slice(&input);
    pool::each(y.chunks_mut(task), |i, y| {
        let x = &values[i * task * size..];
        vectorized(
            #[inline(always)]
            || {
                for (i, y) in y.iter_mut().enumerate() {
                    *y = forward(&x[i * size..][..size]);
                }
            },
        );
    });
    let y = y.into_tensor(kept);
    x.tape().op(name, y.clone(), [x], move |g, _| {
        let g = standard(g);
        let mut dx = Buffer::any(input.len());
        let tasks = slice(&g).chunks(task).zip(slice(&y).chunks(task));
        let inputs = slice(&input).chunks((task * size).max(1));
        let inputs = inputs.zip(dx.chunks_mut((task * size).max(1)));
        pool::each(tasks.zip(inputs), |_, ((g, y), (x, dx))| {
            vectorized(
                #[inline(always)]
                || {
                    let lines = x.chunks(size).zip(dx.chunks_mut(size));
                    for ((&g, &y), (x, dx)) in g.iter().zip(y).zip(lines) {
                        backward(g, y, x, dx);
                    }
                },
            );
        });
        give_back(g);
        [Some(lines.back(dx.into_tensor(input.shape())))]
    })
}
