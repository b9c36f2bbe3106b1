//! Charts: lines in one panel, or in two side by side.

/// A chart of up to a dozen series, drawn as SVG that is readable on light and dark backgrounds.
///
/// Values that are not finite, not positive on a logarithmic axis, or beyond ±10³⁰⁰ are skipped.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title of the chart; it is truncated to the width of the picture.
    pub title: String,
    /// Names of the series, for the legend. Each series has its own colour; after the tenth the
    /// colours repeat, dashed.
    pub series: Vec<String>,
    /// One panel, or two side by side.
    pub panels: Vec<Panel>,
}

/// A pair of axes with lines.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Title above the panel.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines of the series.
    pub lines: Vec<Line>,
}

/// An axis of a panel.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// Label of the axis; may be empty.
    pub label: String,
    /// How values are mapped to lengths.
    pub scale: Scale,
    /// Labels for the positions 0, 1, 2… of a categorical axis; empty for a numeric axis.
    pub names: Vec<String>,
}

/// How values are mapped to lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences have equal lengths.
    #[default]
    Linear,
    /// Equal ratios have equal lengths.
    Log,
}

/// The points of a series, connected in order.
#[derive(Clone, Debug)]
pub struct Line {
    /// Index in [`Chart::series`].
    pub series: usize,
    /// Pairs of x and y.
    pub points: Vec<(f64, f64)>,
    /// Whether the line is dashed, to distinguish it from another line of the same series.
    pub dashed: bool,
}

impl Axis {
    /// A linear numeric axis.
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

    /// Whether a value can be shown on the axis.
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
    /// The points of a line that can be shown in the panel.
    pub fn drawn(&self, line: &Line) -> Vec<(f64, f64)> {
        let held = |&&(x, y): &&(f64, f64)| self.x.holds(x) && self.y.holds(y);
        line.points.iter().filter(held).copied().collect()
    }
}
