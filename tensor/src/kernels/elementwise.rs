//! One element at a time, over threads where there are many.

use crate::{Scalar, Tensor, pool};

/// Elements a thread takes at once: a few microseconds of work, so that waking a thread pays.
const CHUNK: usize = 1 << 14;

/// `f` of each element. The memory order of `x` is kept.
pub fn map<T: Scalar>(x: &Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    let mut out = x.to_owned();
    map_mut(&mut out, f);
    out.into_shared()
}

/// Replaces each element of `x` by `f` of it, in place where nobody else holds it.
pub fn map_assign<T: Scalar>(x: Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    let mut out = x.into_owned();
    map_mut(&mut out, f);
    out.into_shared()
}

fn map_mut<T: Scalar>(x: &mut ndarray::ArrayD<T>, f: impl Fn(T) -> T + Sync) {
    match x.as_slice_memory_order_mut() {
        Some(x) => pool::chunks(x, CHUNK, |_, x| x.iter_mut().for_each(|x| *x = f(*x))),
        None => x.map_inplace(|x| *x = f(*x)),
    }
}

/// Replaces each element of `x` by `f(x, y)`, in place where nobody else holds it. Both have one shape.
pub fn zip_assign<T: Scalar>(
    x: Tensor<T>,
    y: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Tensor<T> {
    debug_assert_eq!(x.shape(), y.shape());
    let mut out = x.into_owned();
    let same_order = out.strides() == y.strides();
    match (out.as_slice_memory_order_mut(), y.as_slice_memory_order()) {
        (Some(x), Some(y)) if same_order => pool::chunks(x, CHUNK, |i, x| {
            let y = &y[i * CHUNK..];
            x.iter_mut().zip(y).for_each(|(x, &y)| *x = f(*x, y));
        }),
        _ => out.zip_mut_with(y, |x, &y| *x = f(*x, y)),
    }
    out.into_shared()
}
