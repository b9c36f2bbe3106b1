//! Line charts as SVG and as text for a terminal.
//!
//! A [`Chart`] describes what is drawn: panels, axes, lines, and the names of the series. The same
//! chart can be rendered as a picture and as text.
//!
//! ```
//! use tapeline_plots::{Axis, Chart, Line, Panel, text};
//!
//! let points = (1..=10).map(|epoch| (f64::from(epoch), 2.0 / f64::from(epoch)));
//! let line = Line { series: 0, points: points.collect(), dashed: false };
//! let chart = Chart {
//!     title: "a run".into(),
//!     series: vec!["train".into()],
//!     panels: vec![Panel {
//!         title: "loss".into(),
//!         x: Axis::linear("epoch"),
//!         y: Axis::default(),
//!         lines: vec![line],
//!     }],
//! };
//! assert!(chart.svg().starts_with("<svg"));
//! let rows = text::draw(&chart, (60, 10), false);
//! assert!(rows[0].contains("loss") && rows.len() <= 10);
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`chart`] | the description of a chart: panels, axes, lines |
//! | [`text`] | renders a chart as text for a terminal |
//! | [`palette`] | colours, and the style sheet of charts |
//! | [`escape`] | escapes text from outside |
//! | `svg` | renders a chart as SVG |
//! | `elements` | the elements of the picture, lines and texts, and their sizes |
//! | `ruler` | the layout of an axis: positions of values, ticks and labels |
//! | `legend` | the legend of a chart |

pub mod chart;
mod elements;
pub mod escape;
mod legend;
pub mod palette;
#[cfg(test)]
mod properties;
mod ruler;
mod svg;
pub mod text;

pub use chart::{Axis, Chart, Line, Panel, Scale};
