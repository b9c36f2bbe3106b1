//! Charts.
//!
//! | module | contents |
//! |---|---|
//! | [`chart`] | the description of a chart: panels, axes, lines |
//! | [`ruler`] | the layout of an axis: positions of values, ticks and labels |
//! | [`svg`] | renders a chart as SVG |
//! | [`legend`] | the legend of a chart |
//! | [`palette`] | colours, and the style sheet of charts |
//! | [`text`] | renders a chart as text for a terminal |
//! | [`curves`] | the learning curves of one run |

pub mod chart;
pub mod curves;
mod legend;
pub mod palette;
#[cfg(test)]
mod properties;
mod ruler;
mod svg;
pub mod text;
