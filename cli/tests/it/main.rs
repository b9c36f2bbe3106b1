//! The program as its users see it: run on tiny data, with what it prints and leaves behind.

mod check;
mod common;
mod compare;
mod files;
mod lists;
mod predict;
mod readme;
mod train;
mod usage;
