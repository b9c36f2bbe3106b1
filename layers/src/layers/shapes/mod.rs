//! Layers that reshape, pad, or enlarge samples, or assert their shape.

pub mod flatten;
mod padding;
pub mod reshape;
pub mod shape;
pub mod upsample2d;
pub mod zero_pad2d;

pub(crate) use padding::table;
