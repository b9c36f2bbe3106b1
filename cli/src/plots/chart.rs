//! What a picture shows: lines in one panel, or in two side by side.

use crate::plots::{palette, svg};

/// A picture of up to a dozen series, drawn as SVG that reads well on light and dark grounds.
///
/// A value that is not finite, or not above 0 on a logarithmic axis, is left out, and so is one beyond ±10³⁰⁰.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows; cut to the picture's width.
    pub title: String,
    /// The names of the series, for the legend. Each has a colour, in order; after the tenth they begin again, dashed.
    pub series: Vec<String>,
    /// One panel, or two side by side.
    pub panels: Vec<Panel>,
}

/// A frame with axes, and lines in it.
#[derive(Clone, Debug)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

/// What one direction of a panel means.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// What the numbers are; may be empty.
    pub label: String,
    pub scale: Scale,
    /// What stands at the positions 0, 1, 2… instead of numbers; empty for numbers.
    pub names: Vec<String>,
}

/// How values become lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long.
    Log,
}

/// The points of a series, joined in their order.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place in [`Chart::series`].
    pub series: usize,
    pub points: Vec<(f64, f64)>,
    /// Whether it is told apart from a second line of the series by dashes.
    pub dashed: bool,
}

impl Chart {
    /// The picture as a whole file: with its title, its legend and its style.
    pub fn svg(&self) -> String {
        svg::draw(self, true)
    }

    /// The picture as a part of an HTML page, which brings the style once for all of them ([`Chart::style`]), and says in its own way
    /// what the picture is about and how the series are called. Each line is in a `g` of the class `s0`, `s1`…, after its series; the
    /// class `c0`, `c1`… that stands beside it gives anything the colour of a series, a legend too.
    pub fn inline(&self) -> String {
        svg::draw(self, false)
    }

    /// The style sheet of all charts. Every rule is about elements inside of one of the class `chart`, or that one itself.
    pub fn style() -> &'static str {
        palette::style()
    }
}

impl Axis {
    /// A linear axis with numbers.
    pub fn linear(label: &str) -> Self {
        Axis {
            label: label.into(),
            ..Axis::default()
        }
    }

    /// A logarithmic axis.
    pub fn log() -> Self {
        Axis {
            scale: Scale::Log,
            ..Axis::default()
        }
    }

    /// Whether a value has a place on it.
    pub fn holds(&self, value: f64) -> bool {
        match self.scale {
            _ if value.is_nan() || value.abs() > 1e300 => false,
            _ if !self.names.is_empty() => value >= 0.0 && value.ceil() < self.names.len() as f64,
            Scale::Linear => true,
            Scale::Log => value > 0.0,
        }
    }
}

impl Panel {
    /// The points of a line that have a place in the panel.
    pub fn drawn(&self, line: &Line) -> Vec<(f64, f64)> {
        let held = |&&(x, y): &&(f64, f64)| self.x.holds(x) && self.y.holds(y);
        line.points.iter().filter(held).copied().collect()
    }
}
