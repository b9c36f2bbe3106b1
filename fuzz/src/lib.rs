//! What the targets share: the table in `tapeline-tests`, and an allocator that counts.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs a target on an input, and panics when a property doesn't hold or it takes too much memory.
pub fn run(name: &str, input: &[u8]) {
    tapeline_tests::fuzz::target(name).check(input, || ALLOCATOR.stats().bytes_allocated);
}
