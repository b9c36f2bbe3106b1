//! A limit for the memory of pictures that are decoded at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that several threads share. A thread waits until there is enough for its picture.
pub(super) struct Budget {
    limit: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// A part of the memory, which is returned when it is dropped.
pub(super) struct Share<'b> {
    budget: &'b Budget,
    size: u64,
}

impl Budget {
    pub fn new(limit: u64) -> Self {
        Budget {
            limit,
            used: Mutex::new(0),
            freed: Condvar::new(),
        }
    }

    /// Takes a part of the memory. A picture that needs more than the limit is decoded alone.
    pub fn take(&self, size: u64) -> Share<'_> {
        let mut used = self.used();
        while *used > 0 && used.saturating_add(size) > self.limit {
            used = self
                .freed
                .wait(used)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *used = used.saturating_add(size);
        Share { budget: self, size }
    }

    /// A number is valid even if a thread that held the lock has panicked.
    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.used() -= self.size;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn no_more_than_the_limit_is_taken_unless_by_one_alone() {
        let (budget, used) = (Budget::new(100), AtomicU64::new(0));
        thread::scope(|scope| {
            for i in 0..8 {
                let (budget, used) = (&budget, &used);
                scope.spawn(move || {
                    for round in 0..200 {
                        let size = (i * 37 + round * 11) % 130;
                        let share = budget.take(size);
                        let before = used.fetch_add(size, Ordering::SeqCst);
                        assert!(before == 0 || before + size <= 100, "{before} + {size}");
                        thread::yield_now();
                        used.fetch_sub(size, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        assert_eq!(*budget.used(), 0);
    }
}
