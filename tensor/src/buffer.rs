//! Memory that is used again: fresh pages from the system cost more than most operations do.
//!
//! Each thread keeps what it has put aside; the operations of a step find there what those of the last step gave back. All memory begins
//! at a cache line, so that no vector lies across two.

use std::{
    cell::{Cell, RefCell},
    ops::{Deref, DerefMut},
};

use ndarray::{Array1, ArrayD, IxDyn};

use crate::{Scalar, Tensor, kernels::layout};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Most buffers that a thread puts aside, for each type.
const SPARES: usize = 64;

/// Elements that buffers are made of.
pub trait Element: Copy + Default + Send + Sync + 'static {
    /// Gives access to what this thread has put aside, from the smallest to the largest.
    fn spares<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R;
}

macro_rules! element {
    ($($type:ident)*) => {$(
        impl Element for $type {
            fn spares<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R {
                thread_local! {
                    static SPARES: RefCell<Vec<Vec<$type>>> = const { RefCell::new(Vec::new()) };
                }
                // While a thread ends there is nothing to be had, and nothing to be kept.
                let mut f = Some(f);
                let found = SPARES.try_with(|spares| f.take().map(|f| f(&mut spares.borrow_mut())));
                match (found, f) {
                    (Ok(Some(result)), _) => result,
                    (_, Some(f)) => f(&mut Vec::new()),
                    _ => unreachable!("`f` is called once"),
                }
            }
        }
    )*};
}

element!(f32 f64 u32 u64);

thread_local! {
    static FRESH: Cell<u64> = const { Cell::new(0) };
}

/// Bytes that this thread has taken from the system for buffers so far, because none put aside was large enough.
pub fn fresh_bytes() -> u64 {
    FRESH.get()
}

/// A slice that begins at a cache line; its memory is put aside when it is dropped.
pub struct Buffer<T: Element> {
    memory: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Element> Buffer<T> {
    /// `len` elements of no particular value, to be written.
    pub fn any(len: usize) -> Self {
        let wanted = with_line::<T>(len);
        let spare = T::spares(|spares| {
            let best = spares.partition_point(|memory| memory.len() < wanted);
            let fits = spares
                .get(best)
                .is_some_and(|memory| memory.len() <= wanted + wanted / 2);
            fits.then(|| spares.remove(best))
        });
        let memory = spare.unwrap_or_else(|| {
            FRESH.set(FRESH.get() + (wanted * size_of::<T>()) as u64);
            vec![T::default(); wanted]
        });
        let start = memory.as_ptr().align_offset(LINE).min(wanted - len);
        Buffer { memory, start, len }
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Buffer::any(len);
        buffer.fill(T::default());
        buffer
    }

    /// The elements as an array.
    ///
    /// # Panics
    /// When `shape` is of another number of elements.
    pub fn into_array(mut self, shape: &[usize]) -> ArrayD<T> {
        let memory = std::mem::take(&mut self.memory);
        let (start, end) = (self.start, self.start + self.len);
        Array1::from(memory)
            .slice_move(ndarray::s![start..end])
            .into_shape_with_order(IxDyn(shape))
            .unwrap_or_else(|e| panic!("Buffer::into_array: {e}"))
    }

    /// The elements as a tensor.
    ///
    /// # Panics
    /// When `shape` is of another number of elements.
    pub fn into_tensor(self, shape: &[usize]) -> Tensor<T> {
        self.into_array(shape).into_shared()
    }
}

impl<T: Element> Drop for Buffer<T> {
    fn drop(&mut self) {
        put_aside(std::mem::take(&mut self.memory));
    }
}

impl<T: Element> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl<T: Element> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// Zeros in the shape and the memory order of `x`; in row-major order if that isn't contiguous.
pub fn zeros_like<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let zeros = Buffer::zeros(x.len());
    match layout::memory_order(x) {
        Some(_) => layout::like(zeros, x),
        None => zeros.into_tensor(x.shape()),
    }
}

/// The same tensor in memory that begins at a cache line; copied only if it didn't.
pub fn aligned<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.as_ptr().align_offset(LINE) == 0 {
        return x;
    }
    let mut out = zeros_like(&x);
    out.assign(&x);
    out
}

/// Puts aside the memory of a tensor that nobody else holds. To be called with what is of no use any more, such as the gradient at the end of
/// a rule; a tensor that is shared is left alone. Memory that is from no [`Buffer`] goes back to the system: nobody would ask for it here, so
/// that more and more of it would lie aside.
pub fn give_back<T: Element>(tensor: Tensor<T>) {
    if let Ok(array) = tensor.try_into_owned_nocopy() {
        let len = array.len();
        let memory = array.into_raw_vec_and_offset().0;
        if memory.len() >= with_line::<T>(len) {
            put_aside(memory);
        }
    }
}

/// Elements in which so many fit behind the beginning of a cache line.
fn with_line<T>(len: usize) -> usize {
    len + LINE / size_of::<T>() - 1
}

fn put_aside<T: Element>(memory: Vec<T>) {
    if memory.len() * size_of::<T>() < LINE {
        return;
    }
    T::spares(|spares| {
        let place = spares.partition_point(|spare| spare.len() < memory.len());
        spares.insert(place, memory);
        if spares.len() > SPARES {
            // The smallest is the one that costs least to make anew.
            spares.remove(0);
        }
    });
}
