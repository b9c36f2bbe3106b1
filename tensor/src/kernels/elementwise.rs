//! Elementwise maps, over the threads of the pool for large tensors.

use ndarray::ArrayBase;
use pulp::{Simd, WithSimd};

use super::{
    layout::{channels_last_slice, copied, like, memory_order, same, slice, standard},
    simd,
};
use crate::{
    Scalar, Tensor,
    buffer::{Buffer, give_back},
    pool,
};

/// Elements of a task: some microseconds of work, so that waking a thread pays.
const CHUNK: usize = 1 << 14;

/// Computes `f` of each element, in the memory order of `x` if that is contiguous.
pub fn map<T: Scalar>(x: &Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    T::map_chunks(x, &|x, out| {
        let each = out.iter_mut().zip(x);
        simd::run_for::<T, _>(Each(
            each,
            #[inline(always)]
            |(out, &x): (&mut T, &T)| *out = f(x),
        ));
    })
}

/// Replaces each element of `x` by `f` of it, in place if `x` isn't shared.
pub fn map_assign<T: Scalar>(x: Tensor<T>, f: impl Fn(T) -> T + Sync) -> Tensor<T> {
    let mut x = match contiguous(x).try_into_owned_nocopy() {
        Ok(x) => x,
        Err(x) => return map(&x, f),
    };
    let values = x.as_slice_memory_order_mut().unwrap_or_default();
    T::change_chunks(values, &|x| {
        simd::run_for::<T, _>(Each(
            x.iter_mut(),
            #[inline(always)]
            |x: &mut T| *x = f(*x),
        ));
    });
    x.into_shared()
}

/// Computes `f(x, y)` for each pair of elements, in the memory order of `x` if both have it, and
/// recycles `x`. Both have the same shape.
pub fn zip<T: Scalar>(x: Tensor<T>, y: &Tensor<T>, f: impl Fn(T, T) -> T + Sync) -> Tensor<T> {
    // Not in place: where `f` leaves an element unchanged, the compiler would emit slow masked
    // stores.
    T::zip_chunks(x, y, &|x, y, out| {
        let each = out.iter_mut().zip(x).zip(y);
        simd::run_for::<T, _>(Each(
            each,
            #[inline(always)]
            |((out, &x), &y): ((&mut T, &T), &T)| *out = f(x, y),
        ));
    })
}

/// Computes `f(x, y)` for images `x`, `[n, channels, h, w]`, that are channels-last in memory, and one
/// `y` for each channel of each image or of all, `[n, channels, 1, 1]` or `[1, channels, 1, 1]`.
/// Returns `None` for others.
pub fn zip_channels<T: Scalar>(
    x: &Tensor<T>,
    y: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Option<Tensor<T>> {
    T::zip_channels(x, y, &|x, y, out| {
        let pixels = out.chunks_exact_mut(y.len()).zip(x.chunks_exact(y.len()));
        simd::run_for::<T, _>(Each(
            pixels,
            #[inline(always)]
            |(out, x): (&mut [T], &[T])| {
                for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                    *out = f(x, y);
                }
            },
        ));
    })
}

/// Computes `x + y`, in place if `x` isn't shared. Both have the same shape.
pub fn add<T: Scalar>(x: Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let owned = x.try_into_owned_nocopy().map(ArrayBase::into_shared);
    let mut sum = owned.unwrap_or_else(|shared| copied(&shared));
    let is_same = memory_order(&sum).is_some() && same(sum.view(), y.view());
    match (memory_order(y), sum.as_slice_memory_order_mut()) {
        (Some(y), Some(sum)) if is_same => {
            let chunks = sum.chunks_mut(CHUNK).zip(y.chunks(CHUNK));
            pool::each(chunks, |_, (sum, y)| {
                simd::vectorized(
                    #[inline(always)]
                    || sum.iter_mut().zip(y).for_each(|(sum, &y)| *sum += y),
                );
            });
        }
        _ => sum += y,
    }
    sum
}

/// Computes the elements of a chunk from those of another.
pub type Map<'a, T> = &'a (dyn Fn(&[T], &mut [T]) + Sync);

/// Changes the elements of a chunk.
pub type Change<'a, T> = &'a (dyn Fn(&mut [T]) + Sync);

/// Computes the elements of a chunk from those of two others.
pub type Zip<'a, T> = &'a (dyn Fn(&[T], &[T], &mut [T]) + Sync);

/// [`map`] by chunks. What is around a function's loop is compiled once for all functions.
pub fn map_chunks<T: Scalar>(x: &Tensor<T>, f: Map<T>) -> Tensor<T> {
    let x = contiguous(x.clone());
    let values = slice(&x);
    let mut out = Buffer::any(values.len());
    let chunks = values.chunks(CHUNK).zip(out.chunks_mut(CHUNK));
    pool::each(chunks, |_, (x, out)| f(x, out));
    like(out, &x)
}

/// [`map_assign`] by chunks.
pub fn change_chunks<T: Scalar>(x: &mut [T], f: Change<T>) {
    pool::each(x.chunks_mut(CHUNK), |_, x| f(x));
}

/// [`zip`] by chunks.
pub fn zip_chunks<T: Scalar>(x: Tensor<T>, y: &Tensor<T>, f: Zip<T>) -> Tensor<T> {
    debug_assert_eq!(x.shape(), y.shape());
    let as_they_are = same(x.view(), y.view()) && memory_order(&x).and(memory_order(y)).is_some();
    let (x, y) = match as_they_are {
        true => (x, y.clone()),
        false => (standard(x), standard(y.clone())),
    };
    let mut out = Buffer::any(x.len());
    let chunks = slice(&x).chunks(CHUNK).zip(slice(&y).chunks(CHUNK));
    pool::each(chunks.zip(out.chunks_mut(CHUNK)), |_, ((x, y), out)| {
        f(x, y, out)
    });
    let out = like(out, &x);
    give_back(x);
    out
}

/// [`zip_channels`] by images.
pub fn zip_images<T: Scalar>(x: &Tensor<T>, y: &Tensor<T>, f: Zip<T>) -> Option<Tensor<T>> {
    let (values, [n, channels, area]) = channels_last_slice(x)?;
    let fits = match *y.shape() {
        [images, c, 1, 1] => c == channels && (images == n || images == 1),
        _ => false,
    };
    if !fits || values.is_empty() {
        return None;
    }
    let y = standard(y.clone());
    let mut out = Buffer::any(values.len());
    let image = channels * area;
    let images = values.chunks(image).zip(out.chunks_mut(image));
    let images = images.zip(slice(&y).chunks(channels).cycle());
    pool::each(images, |_, ((x, out), y)| f(x, y, out));
    Some(like(out, x))
}

/// Returns the tensor, or a copy in row-major order if it has gaps or negative strides.
fn contiguous<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    match memory_order(&x) {
        Some(_) => x,
        None => standard(x),
    }
}

/// Calls a function for each item; both are compiled for the vectors at which they run.
struct Each<I, F>(I, F);

impl<I: Iterator, F: Fn(I::Item)> WithSimd for Each<I, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // A loop, because a fold would be a function of its own, compiled for no vectors where it
        // isn't inlined.
        for item in self.0 {
            (self.1)(item);
        }
    }
}
