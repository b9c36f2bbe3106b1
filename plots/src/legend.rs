//! The legend of a chart: the names of its series, in rows below it.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::{
    elements::{ADVANCE, Anchor, LINE, MARGIN, text},
    escape::cut,
    palette::{Part, classes, fallback},
};

/// Length of the line sample in front of a name.
const SWATCH: f64 = 20.0;

/// Space between the line sample and its name.
const GAP: f64 = 8.0;

/// Space between two entries.
const APART: f64 = 24.0;

/// Height of a row.
const ROW: f64 = LINE + 4.0;

/// Laid-out names: each row holds as many as fit, and names that are too long are truncated.
pub struct Legend {
    /// Left edge, row and name of each entry.
    entries: Vec<(f64, usize, String)>,
}

impl Legend {
    /// Lays out the names between `left` and `right`.
    pub fn new(names: &[String], left: f64, right: f64) -> Self {
        let columns = ((right - left - SWATCH - GAP) / ADVANCE) as usize;
        let (mut x, mut row) = (left, 0);
        let entry = |name: &String| {
            let name = cut(name, columns);
            let width = SWATCH + GAP + ADVANCE * name.width() as f64;
            if x > left && x + width > right {
                (x, row) = (left, row + 1);
            }
            let entry = (x, row, name);
            x += width + APART;
            entry
        };
        Legend {
            entries: names.iter().map(entry).collect(),
        }
    }

    /// Height of the legend.
    pub fn height(&self) -> f64 {
        match self.entries.last() {
            Some((_, row, _)) => ROW * (row + 1) as f64 + 0.5 * MARGIN,
            None => 0.0,
        }
    }

    /// Draws the legend below `top`.
    pub fn draw(&self, svg: &mut String, top: f64) {
        for (series, (x, row, name)) in self.entries.iter().enumerate() {
            let (y, end) = (top + ROW * *row as f64 + 0.5 * LINE, x + SWATCH);
            let (classes, stroke) = (classes(series), fallback(Part::Stroke(series)));
            let _ = writeln!(
                svg,
                "<line class=\"{classes} swatch\"{stroke} x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{end:.1}\" y2=\"{y:.1}\"/>"
            );
            text(svg, (end + GAP, y + 4.0), Anchor::Start, name);
        }
    }
}
