//! All tests of the crate in one program, which is linked once.

mod api;
mod arithmetic;
mod cases;
mod common;
mod definitions;
mod integers;
mod keyword;
mod properties;
mod reformat;
