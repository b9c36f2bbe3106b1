//! Pooling layers.

pub mod adaptive_avgpool2d;
pub mod avgpool2d;
pub mod global_avgpool2d;
pub mod maxpool2d;
