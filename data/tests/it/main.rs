//! All tests of the crate in one program, which is linked once, except those that count memory.

mod atomic;
mod augment;
mod cases;
#[cfg(feature = "tables")]
mod datasets;
#[cfg(all(feature = "pictures", feature = "bundled"))]
mod digit;
mod files;
mod from_mnist;
#[cfg(feature = "pictures")]
mod pictures;
mod properties;
