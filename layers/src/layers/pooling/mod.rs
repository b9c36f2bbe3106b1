//! Fewer cells from more.

pub mod adaptive_avgpool2d;
pub mod avgpool2d;
pub mod global_avgpool2d;
pub mod maxpool2d;
