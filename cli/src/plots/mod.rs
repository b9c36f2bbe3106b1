//! Pictures of figures.
//!
//! | module | what it holds |
//! |---|---|
//! | [`chart`] | what a picture shows: panels, axes, lines |
//! | [`ruler`] | where values lie on an axis, and the numbers beside it |
//! | [`svg`] | a chart as SVG |
//! | [`legend`] | the names of a chart's series |
//! | [`palette`] | colours, and the style of charts |
//! | [`text`] | a chart in text, for a terminal |
//! | [`curves`] | the chart of one training |

pub mod chart;
pub mod curves;
mod legend;
pub mod palette;
#[cfg(test)]
mod properties;
mod ruler;
mod svg;
pub mod text;
