//! The threads that kernels share their work over.

mod schedule;

use std::{cell::Cell, fmt, panic::Location, sync::Mutex};

use rayon::prelude::*;

use crate::buffer;
pub use schedule::{Part, Schedule, record};

/// A pool of threads. Kernels called inside [`install`](Pool::install) use all of them; elsewhere
/// they run on the calling thread alone.
///
/// Results are bit-identical on any number of threads: only which thread computes a tile changes,
/// never the tiles.
pub struct Pool {
    threads: rayon::ThreadPool,
}

/// An error while creating a [`Pool`].
#[derive(Debug)]
pub struct PoolError(String);

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PoolError {}

impl Pool {
    /// Maximum number of threads that can be requested.
    pub const MAX: usize = 1024;

    /// Creates a pool of `threads` threads, 1 to [`Pool::MAX`]. At most one thread for each core is
    /// started: more would wait for each other.
    ///
    /// # Errors
    /// When the number is out of range, or the system can't start the threads.
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

    /// Returns the number of cores that this process may use.
    pub fn cores() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Returns the number of threads that were started.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `f` on one of the threads, and its kernels on all of them. Call it once around a whole
    /// training loop: entering the pool costs more than some operations.
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        self.threads.install(f)
    }
}

thread_local! {
    /// Whether the kernels that this thread calls run on it alone.
    static IS_ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether the caller is inside a pool of several threads that its kernels may use.
fn inside() -> bool {
    !IS_ALONE.get() && rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1
}

/// Minimum number of items for each thread at which [`map`] gives a thread whole items.
const ITEMS: usize = 2;

/// Returns `f(item)` for each item, in order. Many items are divided among the threads of the
/// [`Pool`] that the caller is in, and the kernels that `f` calls run on the thread of their item:
/// threads then never wait for each other, and the values of an item stay in one cache. Few items
/// are computed one after another, each on all threads.
///
/// ```
/// use tapeline_tensor::{Pool, pool};
///
/// let squares = Pool::new(2)?.install(|| pool::map(0..100, |i| i * i));
/// assert_eq!(squares[99], 9801);
/// # Ok::<(), tapeline_tensor::pool::PoolError>(())
/// ```
pub fn map<I: Send, R: Send>(
    items: impl IntoIterator<Item = I>,
    f: impl Fn(I) -> R + Sync,
) -> Vec<R> {
    let items: Vec<_> = items.into_iter().collect();
    if !inside() || items.len() < ITEMS * rayon::current_num_threads() {
        return items.into_iter().map(f).collect();
    }
    let mut results: Vec<_> = items.iter().map(|_| None).collect();
    each(items.into_iter().zip(&mut results), |_, (item, result)| {
        *result = Some(alone(|| f(item)));
    });
    results.into_iter().flatten().collect()
}

/// Runs `f`, and its kernels on this thread alone.
fn alone<R>(f: impl FnOnce() -> R) -> R {
    /// Restores, when dropped, what held before: also when `f` panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IS_ALONE.set(self.0);
        }
    }
    let _before = Before(IS_ALONE.replace(true));
    f()
}

/// Calls `f(i, item)` for each of some items, such as parts of a slice to be written, over the
/// threads of the [`Pool`] that the caller is in.
#[track_caller]
pub fn each<I: Send>(items: impl IntoIterator<Item = I>, f: impl Fn(usize, I) + Sync) {
    let items = items.into_iter();
    if !inside() && !schedule::is_recording() {
        return items.enumerate().for_each(|(i, item)| {
            let _paused = (i > 0).then(buffer::pause);
            f(i, item);
        });
    }
    let items: Vec<_> = items.map(|item| Mutex::new(Some(item))).collect();
    share(Location::caller(), items.len(), &|i| {
        let item = items[i].lock().map(|mut item| item.take());
        if let Ok(Some(item)) = item {
            f(i, item);
        }
    });
}

/// Calls `f(i)` for each `i` below `count`: over the threads, or one after another where tasks are
/// recorded. Not generic, so that all of this is compiled once and not for each kernel.
fn share(place: &'static Location<'static>, count: usize, f: &(dyn Fn(usize) + Sync)) {
    match count {
        _ if !inside() => schedule::each(place, count, &|i| {
            let _paused = (i > 0).then(buffer::pause);
            f(i);
        }),
        1 => f(0),
        _ => (0..count).into_par_iter().with_max_len(1).for_each(f),
    }
}

/// Runs both, on two threads if there are several.
pub fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if inside() {
        rayon::join(a, b)
    } else {
        (a(), b())
    }
}
