//! One element at a time, over threads where there are many.

use pulp::{Simd, WithSimd};

use super::{layout, simd};
use crate::{Scalar, Tensor, buffer::Buffer, pool};

/// Elements a thread takes at once: a few microseconds of work, so that waking a thread pays.
const CHUNK: usize = 1 << 14;

/// `f` of each element. The memory order of `x` is kept.
pub fn map<T: Scalar>(x: &Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    match x.as_slice_memory_order() {
        Some(values) if x.strides().iter().all(|&stride| stride >= 0) => {
            let mut out = Buffer::any(values.len());
            let chunks = values.chunks(CHUNK).zip(out.chunks_mut(CHUNK));
            pool::each(chunks, |_, (x, out)| {
                simd::run(Each(out.iter_mut().zip(x), |(out, &x): (&mut T, &T)| {
                    *out = f(x)
                }));
            });
            like(out, x)
        }
        _ => x.map(|&x| f(x)).into_shared(),
    }
}

/// A buffer as a tensor laid out like `x`, which is contiguous.
fn like<T: Scalar>(values: Buffer<T>, x: &Tensor<T>) -> Tensor<T> {
    // Axes from the one with the largest stride: in this order the tensor is in row-major order.
    let mut axes: Vec<usize> = (0..x.ndim()).collect();
    axes.sort_by_key(|&axis| std::cmp::Reverse(x.strides()[axis]));
    let shape: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
    let mut back = vec![0; axes.len()];
    for (place, &axis) in axes.iter().enumerate() {
        back[axis] = place;
    }
    values.into_tensor(&shape).permuted_axes(back)
}

/// Replaces each element of `x` by `f` of it, in place where nobody else holds it.
pub fn map_assign<T: Scalar>(x: Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    let mut x = match x.try_into_owned_nocopy() {
        Ok(x) => x,
        Err(x) => return map(&x, f),
    };
    match x.as_slice_memory_order_mut() {
        Some(x) => pool::each(x.chunks_mut(CHUNK), |_, x| {
            simd::run(Each(x.iter_mut(), |x: &mut T| *x = f(*x)));
        }),
        None => x.map_inplace(|x| *x = f(*x)),
    }
    x.into_shared()
}

/// Replaces each element of `x` by `f(x, y)`, in place where nobody else holds it. Both have one shape.
pub fn zip_assign<T: Scalar>(
    x: Tensor<T>,
    y: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Tensor<T> {
    debug_assert_eq!(x.shape(), y.shape());
    let mut x = match x.try_into_owned_nocopy() {
        Ok(x) => x,
        Err(x) => map(&x, |x| x).into_owned(),
    };
    let same_order = layout::same(x.view(), y.view());
    match (x.as_slice_memory_order_mut(), y.as_slice_memory_order()) {
        (Some(x), Some(y)) if same_order => {
            let chunks = x.chunks_mut(CHUNK).zip(y.chunks(CHUNK));
            pool::each(chunks, |_, (x, y)| {
                simd::run(Each(x.iter_mut().zip(y), |(x, &y): (&mut T, &T)| {
                    *x = f(*x, y)
                }));
            });
        }
        _ => x.zip_mut_with(y, |x, &y| *x = f(*x, y)),
    }
    x.into_shared()
}

/// Calls a function for each item; both are compiled for the width at which they run.
struct Each<I, F>(I, F);

impl<I: Iterator, F: Fn(I::Item)> WithSimd for Each<I, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.for_each(self.1);
    }
}
