//! Layers that contain other layers.

pub mod concat;
pub mod residual;
pub mod squeeze_excite;
pub mod sum;
