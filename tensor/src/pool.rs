//! Threads that kernels share their work over.

use std::fmt;

use rayon::prelude::*;

/// A number of threads. Kernels called inside [`install`](Pool::install) split over them; outside of any, they run on the caller alone.
///
/// The results are the same bits on any number of threads: only who computes a tile changes, never what a tile is.
pub struct Pool {
    threads: rayon::ThreadPool,
}

/// A [`Pool`] could not be made.
#[derive(Debug)]
pub struct PoolError(String);

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PoolError {}

impl Pool {
    /// The most threads that can be asked for.
    pub const MAX: usize = 1024;

    /// A pool of `threads` threads, 1 to [`Pool::MAX`]. No more than the machine has cores are started: more would wait for each other.
    ///
    /// # Errors
    /// When the number is out of range, or the system gives no more threads.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads == 0 || threads > Pool::MAX {
            return Err(PoolError(format!(
                "{threads} threads: must be 1 to {}",
                Pool::MAX
            )));
        }
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(Pool::cores()))
            .thread_name(|i| format!("tapeline {i}"))
            .build()
            .map_err(|e| PoolError(e.to_string()))?;
        Ok(Pool { threads })
    }

    /// Number of cores that this process may use.
    pub fn cores() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Runs `f` on one of the threads, its kernels on all. A whole training loop belongs inside: coming from outside costs more than
    /// some operations.
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        self.threads.install(f)
    }
}

/// Whether the caller is inside a pool of several threads.
fn inside() -> bool {
    rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1
}

/// Calls `f(i, chunk)` for each chunk of `size` elements of `out`; the last one may be shorter.
pub(crate) fn chunks<T: Send>(out: &mut [T], size: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    if inside() && out.len() > size {
        out.par_chunks_mut(size)
            .with_max_len(1)
            .enumerate()
            .for_each(|(i, chunk)| f(i, chunk));
    } else {
        out.chunks_mut(size)
            .enumerate()
            .for_each(|(i, chunk)| f(i, chunk));
    }
}

/// The same over two slices that are cut into the same number of chunks.
pub(crate) fn chunks2<T: Send, U: Send>(
    a: &mut [T],
    a_size: usize,
    b: &mut [U],
    b_size: usize,
    f: impl Fn(usize, &mut [T], &mut [U]) + Sync,
) {
    debug_assert_eq!(a.len().div_ceil(a_size), b.len().div_ceil(b_size));
    if inside() && a.len() > a_size {
        let pairs = a
            .par_chunks_mut(a_size)
            .with_max_len(1)
            .zip(b.par_chunks_mut(b_size).with_max_len(1));
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    } else {
        let pairs = a.chunks_mut(a_size).zip(b.chunks_mut(b_size));
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    }
}
