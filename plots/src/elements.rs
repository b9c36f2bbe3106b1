//! The SVG elements of a chart, lines and texts, and their sizes.
//!
//! A character of a monospaced font is 0.6 times its size wide, so the width of a text is known
//! without measuring.

use std::fmt::Write;

use crate::{
    escape,
    palette::{Part, fallback},
};

/// Width of a character, in pixels.
pub const ADVANCE: f64 = 7.25;

/// Height of a line of text.
pub const LINE: f64 = 16.0;

/// Margin around the picture.
pub const MARGIN: f64 = 16.0;

/// Alignment of a text relative to its position.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        }
    }
}

/// Draws a line of an axis or a grid.
pub fn line(
    svg: &mut String,
    (class, part): (&str, Part),
    (x1, y1): (f64, f64),
    (x2, y2): (f64, f64),
) {
    let stroke = fallback(part);
    let _ = writeln!(
        svg,
        "<line class=\"{class}\"{stroke} x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

/// Draws a text, unless it is empty.
pub fn text(svg: &mut String, at: (f64, f64), anchor: Anchor, text: &str) {
    written(svg, at, anchor.attribute(), text);
}

/// Draws a text rotated by 90°, reading upwards.
pub fn turned(svg: &mut String, (x, y): (f64, f64), anchor: Anchor, text: &str) {
    let anchor = anchor.attribute();
    let turned = format!("{anchor} transform=\"rotate(-90 {x:.1} {y:.1})\"");
    written(svg, (x, y), &turned, text);
}

/// Draws the title of a panel.
pub fn titled(svg: &mut String, at: (f64, f64), text: &str) {
    written(svg, at, " class=\"title\"", text);
}

fn written(svg: &mut String, (x, y): (f64, f64), attributes: &str, text: &str) {
    if !text.is_empty() {
        let (text, fill) = (escape::xml(text), fallback(Part::Text));
        let _ = writeln!(
            svg,
            "<text{fill} x=\"{x:.1}\" y=\"{y:.1}\"{attributes}>{text}</text>"
        );
    }
}
