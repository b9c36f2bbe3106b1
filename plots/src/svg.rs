//! Renders a chart as SVG.
//!
//! A character of a monospaced font is 0.6 times its size wide, so the width of a text is known
//! without measuring.

use std::fmt::Write;

use crate::{
    chart::{Chart, Panel},
    escape::{self, cut},
    legend::Legend,
    palette::{Part, classes, fallback, style},
    ruler::Ruler,
};

/// Width of a character, in pixels.
pub const ADVANCE: f64 = 7.25;

/// Height of a line of text.
pub const LINE: f64 = 16.0;

/// Margin around the picture.
pub const MARGIN: f64 = 16.0;

/// Size of a panel, inside its axes.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 220.0;

/// Maximum number of points on a line that are marked; more would run into each other.
const MARKED: usize = 50;

/// Alignment of a text relative to its position.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A panel with its axes and the space it needs around it.
struct Frame<'c> {
    panel: &'c Panel,
    x: Ruler,
    y: Ruler,
    left: f64,
    right: f64,
    below: f64,
}

/// Draws a chart: as a `whole` file, or without style, title and legend.
pub fn draw(chart: &Chart, whole: bool) -> String {
    let frames: Vec<_> = chart.panels.iter().map(Frame::new).collect();
    let widest = |side: fn(&Frame) -> f64| frames.iter().map(side).fold(MARGIN, f64::max);
    let (left, right, below) = (
        widest(|frame| frame.left),
        widest(|frame| frame.right),
        widest(|frame| frame.below),
    );
    let each = left + WIDTH + right;
    let width = each * frames.len().max(1) as f64;
    let headed = whole && !chart.title.is_empty();
    let top = MARGIN + if headed { 3.0 * LINE } else { LINE };
    let bottom = top + HEIGHT + below;
    let names = if whole { &chart.series[..] } else { &[] };
    let legend = Legend::new(names, left, width - MARGIN);
    let height = bottom + legend.height();

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
    );
    let _ = writeln!(svg, "<title>{}</title>", escape::xml(&chart.title));
    if whole {
        let _ = writeln!(svg, "<style>\n{}</style>", style());
        let fill = fallback(Part::Ground);
        let _ = writeln!(
            svg,
            "<rect class=\"ground\"{fill} width=\"100%\" height=\"100%\"/>"
        );
    }
    if headed {
        let title = cut(&chart.title, ((width - left - MARGIN) / ADVANCE) as usize);
        text(&mut svg, (left, MARGIN + 10.0), Anchor::Start, &title);
    }
    for (i, frame) in frames.iter().enumerate() {
        frame.draw(&mut svg, (each * i as f64 + left, top));
    }
    legend.draw(&mut svg, bottom);
    svg + "</svg>\n"
}

impl<'c> Frame<'c> {
    fn new(panel: &'c Panel) -> Self {
        let points: Vec<_> = panel.lines.iter().flat_map(|l| panel.drawn(l)).collect();
        let (xs, ys): (Vec<_>, Vec<_>) = points.into_iter().unzip();
        let x = Ruler::new(&panel.x, &xs, WIDTH, true);
        let y = Ruler::new(&panel.y, &ys, HEIGHT, false);
        let label = |label: &str| if label.is_empty() { 0.0 } else { LINE + 2.0 };
        let (overhang, labels) = match x.turned {
            true => (0.0, x.widest()),
            false => (0.5 * x.widest(), LINE),
        };
        Frame {
            panel,
            left: (MARGIN + label(&panel.y.label) + y.widest() + 8.0).max(MARGIN + overhang),
            right: MARGIN + overhang,
            below: 8.0 + labels + label(&panel.x.label) + MARGIN,
            x,
            y,
        }
    }

    fn draw(&self, svg: &mut String, (left, top): (f64, f64)) {
        let (right, bottom) = (left + WIDTH, top + HEIGHT);
        let columns = |length: f64| (length / ADVANCE) as usize;
        let title = cut(&self.panel.title, columns(WIDTH));
        titled(svg, (left, top - 10.0), &title);
        for tick in &self.y.ticks {
            let y = bottom - HEIGHT * tick.at;
            line(svg, ("grid", Part::Grid), (left, y), (right, y));
            text(svg, (left - 8.0, y + 4.0), Anchor::End, &tick.label);
        }
        line(svg, ("axis", Part::Axis), (left, bottom), (right, bottom));
        for tick in &self.x.ticks {
            let x = left + WIDTH * tick.at;
            line(svg, ("axis", Part::Axis), (x, bottom), (x, bottom + 4.0));
            match self.x.turned {
                true => turned(svg, (x + 4.0, bottom + 8.0), Anchor::End, &tick.label),
                false => text(svg, (x, bottom + 18.0), Anchor::Middle, &tick.label),
            }
        }
        let middle = (left + 0.5 * WIDTH, top + 0.5 * HEIGHT);
        let label = cut(&self.panel.x.label, columns(WIDTH));
        let below = bottom + self.below - MARGIN - 4.0;
        text(svg, (middle.0, below), Anchor::Middle, &label);
        let label = cut(&self.panel.y.label, columns(HEIGHT));
        let beside = left - self.left + MARGIN + 10.0;
        turned(svg, (beside, middle.1), Anchor::Middle, &label);
        self.lines(svg, |(x, y)| {
            (left + WIDTH * self.x.at(x), bottom - HEIGHT * self.y.at(y))
        });
    }

    fn lines(&self, svg: &mut String, place: impl Fn((f64, f64)) -> (f64, f64)) {
        for line in &self.panel.lines {
            let points: Vec<_> = self.panel.drawn(line).into_iter().map(&place).collect();
            let classes = classes(line.series);
            let dashed = if line.dashed { " dashed" } else { "" };
            let joined: Vec<_> = points
                .iter()
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            let joined = joined.join(" ");
            let (stroke, fill) = (
                fallback(Part::Stroke(line.series)),
                fallback(Part::Fill(line.series)),
            );
            let _ = writeln!(
                svg,
                "<g class=\"{classes}{dashed}\">\n<polyline{stroke} points=\"{joined}\"/>"
            );
            let marked = if points.len() > MARKED {
                &[]
            } else {
                &points[..]
            };
            for (x, y) in marked {
                let _ = writeln!(svg, "<circle{fill} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
            }
            *svg += "</g>\n";
        }
    }
}

fn line(svg: &mut String, (class, part): (&str, Part), (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
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
fn turned(svg: &mut String, (x, y): (f64, f64), anchor: Anchor, text: &str) {
    let anchor = anchor.attribute();
    let turned = format!("{anchor} transform=\"rotate(-90 {x:.1} {y:.1})\"");
    written(svg, (x, y), &turned, text);
}

/// Draws the title of a panel.
fn titled(svg: &mut String, at: (f64, f64), text: &str) {
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

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        }
    }
}
