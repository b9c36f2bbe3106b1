//! All tests of the crate as one program: one link, one table of operations.

mod check;
mod check_function;
mod edges;
mod fixtures;
mod gradients;
mod panics;
mod plain;
mod prepared;
mod table;
mod tape;
mod threads;
mod trace;
