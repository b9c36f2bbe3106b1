//! Renders a chart as SVG.

use std::fmt::Write;

use crate::{
    chart::{Chart, Panel},
    elements::{ADVANCE, Anchor, LINE, MARGIN, line, text, titled, turned},
    escape::{self, cut},
    legend::Legend,
    palette::{Part, classes, fallback, style},
    ruler::Ruler,
};

/// Size of a panel, inside its axes.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 220.0;

/// Maximum number of points on a line that are marked; more would run into each other.
const MARKED: usize = 50;

/// A panel with its axes and the space it needs around it.
struct Frame<'c> {
    panel: &'c Panel,
    x: Ruler,
    y: Ruler,
    left: f64,
    right: f64,
    below: f64,
}

impl Chart {
    /// Renders the chart as a standalone SVG file with title, legend and style.
    pub fn svg(&self) -> String {
        draw(self, true)
    }

    /// Renders the chart as part of an HTML page. The page includes the style sheet once for all
    /// charts ([`Chart::style`]) and provides its own title and legend. Each line is in a `g` with
    /// the class `s0`, `s1`… of its series; the class `c0`, `c1`… next to it gives any element the
    /// colour of a series, for example in a legend.
    pub fn inline(&self) -> String {
        draw(self, false)
    }

    /// The style sheet of all charts. Every rule is scoped to elements of class `chart`.
    pub fn style() -> &'static str {
        style()
    }
}

/// Draws a chart: as a `whole` file, or without style, title and legend.
fn draw(chart: &Chart, whole: bool) -> String {
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
