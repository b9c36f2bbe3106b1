//! A request to stop training, from another thread or a signal handler.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A request to stop after the current step. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Creates an interrupt that has not been requested.
    pub fn new() -> Self {
        Interrupt::default()
    }

    /// Requests a stop. `signal` is stored as the reason: the number of a signal, or any other
    /// number except 0.
    pub fn request(&self, signal: usize) {
        self.0.store(signal, Ordering::Relaxed);
    }

    /// Returns the reason, if a stop was requested.
    pub fn requested(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    /// Returns the shared cell that holds the reason, for a signal handler that writes to it; 0 is
    /// no request.
    pub fn cell(&self) -> Arc<AtomicUsize> {
        self.0.clone()
    }
}
