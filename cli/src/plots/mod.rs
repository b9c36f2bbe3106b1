//! Pictures of figures.

pub mod curves;
