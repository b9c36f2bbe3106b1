//! The compute loops: slices in, slices out, no tape.
//!
//! Work is cut into tiles whose size depends on the shapes alone, so results don't depend on the
//! number of threads.

pub mod attention;
pub mod avg_pool2d;
pub mod channels;
pub mod conv2d;
pub mod elementwise;
pub mod gather2d;
pub mod gemm;
pub mod layout;
pub mod maxpool2d;
pub mod pack;
pub mod product;
pub mod recurrent;
pub mod rows;
pub mod simd;
pub mod sparse;
pub mod sum;
pub mod transpose;

mod compiled;

#[cfg(test)]
mod tests;

pub use compiled::Kernels;
