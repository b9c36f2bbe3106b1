//! Recycled memory: fresh pages from the system cost more than most operations do.
//!
//! Each thread keeps the buffers that were freed; those freed by one step are reused by the next.
//! Every buffer begins at a cache line, so that no vector crosses two.

mod trace;

use std::{
    cell::{Cell, RefCell},
    ops::{Deref, DerefMut},
};

use ndarray::{Array1, ArrayD, IxDyn};

use crate::Tensor;

pub(crate) use trace::pause;
pub use trace::{FreeBuffers, Trace};

/// Size of a cache line in bytes.
pub(crate) const LINE: usize = 64;

/// Maximum number of freed buffers that a thread keeps, for each type.
const SPARES: usize = 64;

/// Element types of buffers.
pub trait BufferElement: Copy + Default + Send + Sync + 'static {
    /// Calls `f` with the buffers that this thread keeps, from the smallest to the largest.
    fn spares<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R;
}

macro_rules! element {
    ($($type:ident)*) => {$(
        impl BufferElement for $type {
            fn spares<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R {
                thread_local! {
                    static SPARES: RefCell<Vec<Vec<$type>>> = const { RefCell::new(Vec::new()) };
                }
                // While a thread ends, its storage is gone: `f` gets an empty list that is then
                // dropped.
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

/// Returns the number of bytes that this thread has allocated for buffers, because no freed one was
/// large enough.
pub fn fresh_bytes() -> u64 {
    FRESH.get()
}

/// A slice that begins at a cache line. Its memory is kept for reuse when it is dropped.
pub struct Buffer<T: BufferElement> {
    memory: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: BufferElement> Buffer<T> {
    /// Returns a buffer of `len` elements with unspecified values, to be overwritten.
    pub fn any(len: usize) -> Self {
        if len == 0 {
            // No memory is kept for it, so none is taken.
            return Buffer {
                memory: Vec::new(),
                start: 0,
                len,
            };
        }
        let wanted = with_line::<T>(len);
        let spare =
            T::spares(|spares| take_fitting(spares, wanted as u64, |memory| memory.len() as u64));
        let memory = spare.unwrap_or_else(|| {
            FRESH.set(FRESH.get() + (wanted * size_of::<T>()) as u64);
            vec![T::default(); wanted]
        });
        trace::took(&memory, len);
        let start = memory.as_ptr().align_offset(LINE).min(wanted - len);
        Buffer { memory, start, len }
    }

    /// Returns a buffer of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Buffer::any(len);
        buffer.fill(T::default());
        buffer
    }

    /// Converts the buffer into an array.
    ///
    /// # Panics
    /// When the number of elements differs from that of `shape`.
    pub fn into_array(mut self, shape: &[usize]) -> ArrayD<T> {
        let memory = std::mem::take(&mut self.memory);
        let (start, end) = (self.start, self.start + self.len);
        Array1::from(memory)
            .slice_move(ndarray::s![start..end])
            .into_shape_with_order(IxDyn(shape))
            .unwrap_or_else(|e| panic!("Buffer::into_array: {e}"))
    }

    /// Converts the buffer into a tensor.
    ///
    /// # Panics
    /// When the number of elements differs from that of `shape`.
    pub fn into_tensor(self, shape: &[usize]) -> Tensor<T> {
        self.into_array(shape).into_shared()
    }
}

impl<T: BufferElement> Drop for Buffer<T> {
    fn drop(&mut self) {
        put_aside(std::mem::take(&mut self.memory));
    }
}

impl<T: BufferElement> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl<T: BufferElement> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// Keeps the memory of a tensor for reuse. Call it with tensors that are no longer needed, such as
/// the gradient at the end of a rule. A shared tensor is left alone, and memory that didn't come
/// from a [`Buffer`] is freed: no buffer of its size would be requested, so it would accumulate.
pub fn give_back<T: BufferElement>(tensor: Tensor<T>) {
    if let Ok(array) = tensor.try_into_owned_nocopy() {
        let len = array.len();
        let memory = array.into_raw_vec_and_offset().0;
        if memory.len() >= with_line::<T>(len) {
            put_aside(memory);
        }
    }
}

/// Number of elements that hold `len` elements after the first cache-line boundary, wherever the
/// allocation begins.
fn with_line<T>(len: usize) -> usize {
    len + LINE / size_of::<T>() - 1
}

/// Takes the smallest free buffer that `wanted` fits into, unless most of it would be wasted. `size`
/// returns the size of a buffer; the buffers are in ascending order.
fn take_fitting<B>(free: &mut Vec<B>, wanted: u64, size: impl Fn(&B) -> u64) -> Option<B> {
    let best = free.partition_point(|buffer| size(buffer) < wanted);
    let largest = wanted.saturating_add(wanted / 2);
    let fits = free.get(best).is_some_and(|buffer| size(buffer) <= largest);
    fits.then(|| free.remove(best))
}

/// Adds a free buffer, in order.
fn keep<B>(free: &mut Vec<B>, buffer: B, size: impl Fn(&B) -> u64) {
    let place = free.partition_point(|other| size(other) < size(&buffer));
    free.insert(place, buffer);
    if free.len() > SPARES {
        // The smallest buffer is the cheapest to allocate again.
        free.remove(0);
    }
}

fn put_aside<T: BufferElement>(memory: Vec<T>) {
    if memory.is_empty() {
        return;
    }
    trace::gave_back(&memory);
    T::spares(|spares| keep(spares, memory, |memory| memory.len() as u64));
}
