//! What the targets share: the table in `tapeline-tests`, and an allocator that counts.

use std::{
    alloc::System,
    panic::{catch_unwind, take_hook},
    process::abort,
    sync::Once,
};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs a target on an input, and ends the program when a property doesn't hold or it takes too much memory.
pub fn run(name: &str, input: &[u8]) {
    // libFuzzer's own hook ends the program at any panic, those that are caught where they are expected included.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| drop(take_hook()));
    let target = tapeline_tests::fuzz::target(name);
    if catch_unwind(|| target.check(input, || ALLOCATOR.stats().bytes_allocated)).is_err() {
        abort();
    }
}
