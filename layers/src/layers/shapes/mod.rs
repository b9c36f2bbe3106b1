//! Layers that reshape, pad, or enlarge samples.

pub mod flatten;
mod padding;
pub mod reshape;
pub mod upsample2d;
pub mod zero_pad2d;

pub(crate) use padding::table;
