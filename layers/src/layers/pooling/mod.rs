//! Pooling layers.

pub mod adaptive_avgpool2d;
pub mod avgpool1d;
pub mod avgpool2d;
pub mod global_avgpool2d;
pub mod maxpool1d;
pub mod maxpool2d;
