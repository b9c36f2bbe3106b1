//! Renders a chart as text for a terminal, with braille characters of two by four dots.
//!
//! ```text
//!        loss
//! 2.3059 ⠑⠢⢄⡀
//!            ⠈⠢⣀
//!               ⠑⢄⡀
//!                 ⠈⠒⠤⣀
//!                     ⠉⠒⠢⠤⢄⣀⣀⣀⣀⡀
//! 0.2976                        ⠈⠑⠢⠤⠤⣀⣀ train
//!        1            epoch          10
//! ```

use tapeline_spec::Style;
use unicode_width::UnicodeWidthStr;

use crate::{
    escape::cut,
    plots::{
        chart::{Chart, Panel},
        ruler::range,
    },
};

/// Maximum width of a panel; in a wider one curves look flat.
const WIDEST: usize = 60;

/// Minimum width of a panel.
const NARROWEST: usize = 24;

/// Minimum width of each of two panels next to each other.
const BESIDE: usize = 36;

/// Number of columns between two panels.
const APART: usize = 3;

/// Maximum and minimum number of character rows of the plot area.
const HEIGHT: usize = 6;
const LOWEST: usize = 3;

/// Rows of a panel outside the plot area: its title, and the numbers below.
const AROUND: usize = 2;

/// Maximum length of the name of a series.
const NAME: usize = 8;

/// Bit of a dot, by its column and row in a character.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// ANSI colour codes of the series.
const COLORS: [&str; 6] = ["34", "33", "32", "35", "36", "31"];

/// Draws a chart without its title in at most the given number of columns and rows; returns no
/// lines if there is too little room. Panels are side by side, or below each other if the terminal
/// is narrow. All axes are linear, and horizontal ones extend from one integer to another. The name
/// of each series is next to the end of its line. Without colours, all lines after the first are
/// dotted to distinguish them.
pub fn draw(chart: &Chart, (columns, rows): (usize, usize), style: Style) -> Vec<String> {
    let count = chart.panels.len().max(1);
    let part = (columns + APART) / count;
    let beside = part >= BESIDE + APART;
    let (width, rows) = match beside {
        true => (part - APART, rows),
        false => (columns, rows / count),
    };
    if width < NARROWEST || rows < AROUND + LOWEST {
        return Vec::new();
    }
    let size = (width.min(WIDEST), HEIGHT.min(rows - AROUND));
    let panels = chart.panels.iter();
    let panels = panels.map(|panel| drawn(panel, &chart.series, size, style));
    let rows = match beside {
        false => panels.flatten().collect(),
        true => panels.reduce(side_by_side).unwrap_or_default(),
    };
    rows.iter().map(|row| row.text(style)).collect()
}

fn side_by_side(left: Vec<Row>, right: Vec<Row>) -> Vec<Row> {
    let joined = |(mut left, right): (Row, Row)| {
        left.push(" ".repeat(APART), None);
        left.0.extend(right.0);
        left
    };
    left.into_iter().zip(right).map(joined).collect()
}

/// Draws a panel as rows that are all `width` columns wide.
fn drawn(
    panel: &Panel,
    names: &[String],
    (width, height): (usize, usize),
    style: Style,
) -> Vec<Row> {
    let lines = panel.lines.iter();
    let lines = lines.map(|line| (line.series, panel.drawn(line)));
    let lines: Vec<_> = lines.filter(|(_, points)| !points.is_empty()).collect();
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (first, last) = range(points().map(|point| point.0));
    let (first, last) = (first.floor(), last.ceil());
    let (low, high) = range(points().map(|point| point.1));

    let (top, bottom) = match points().next() {
        Some(_) => (number(high), number(low)),
        None => Default::default(),
    };
    let side = top.width().max(bottom.width()) + 1;
    let names: Vec<_> = names.iter().map(|name| cut(name, NAME)).collect();
    let beside = names.iter().map(|name| name.width()).max().unwrap_or(0) + 1;
    let mut canvas = Canvas::new(width.saturating_sub(side + beside), height);

    let mut ends = Vec::new();
    for (series, points) in lines.iter().rev() {
        let place = |&(x, y): &(f64, f64)| {
            let (x, y) = (fraction(x, first, last), fraction(y, low, high));
            canvas.place(x, y)
        };
        let places: Vec<_> = points.iter().map(place).collect();
        let every = if style.colored { 1 } else { series + 1 };
        canvas.line(&places, *series, every);
        ends.extend(places.last().map(|&(_, y)| (y, *series)));
    }

    let left = |text: &str| format!("{text:>0$} ", side - 1);
    let mut rows = vec![Row::of(left("") + &cut(&panel.title, width - side), width)];
    let labels = side_labels(ends, height);
    for (i, cells) in canvas.rows().enumerate() {
        let number = match i {
            0 => &top,
            _ if i == height - 1 && low < high => &bottom,
            _ => "",
        };
        let mut row = Row(vec![(left(number), None)]);
        row.0.extend(cells);
        if let Some(&series) = labels[i].as_ref() {
            let name = names.get(series).map_or("", String::as_str);
            row.push(format!(" {name}"), Some(series));
        }
        rows.push(row.padded(width));
    }
    let ends = match last.is_finite() {
        true => (whole(first), whole(last)),
        false => Default::default(),
    };
    let below = below(ends, &panel.x.label, canvas.width);
    rows.push(Row::of(left("") + &cut(&below, canvas.width), width));
    rows
}

/// The row below a panel: the range of the axis and, if there is room, its label.
fn below((first, last): (String, String), label: &str, width: usize) -> String {
    if first == last {
        return first;
    }
    let room = width.saturating_sub(first.width() + last.width());
    match label.width() + 2 <= room {
        true => format!("{first}{label:^room$}{last}"),
        false => format!("{first}{:room$}{last}", ""),
    }
}

/// Assigns the names of series to rows: each to the row in which its line ends, or to a nearby row
/// if several lines end in the same one. Names have the same order as the ends of their lines.
fn side_labels(mut ends: Vec<(usize, usize)>, height: usize) -> Vec<Option<usize>> {
    ends.sort();
    ends.truncate(height);
    let mut labels = vec![None; height];
    let mut free = 0;
    for (i, (y, series)) in ends.iter().enumerate() {
        let row = (y / 4).max(free).min(height - (ends.len() - i));
        labels[row] = Some(*series);
        free = row + 1;
    }
    labels
}

/// A grid of braille characters, each with the series that was drawn there last.
struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<(u8, usize)>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Canvas {
            width,
            height,
            cells: vec![(0, 0); width * height],
        }
    }

    /// The dot at a position from 0 to 1, from the left and from the bottom.
    fn place(&self, x: f64, y: f64) -> (usize, usize) {
        let dot = |at: f64, dots: usize| (at * (dots.max(1) - 1) as f64).round() as usize;
        (dot(x, 2 * self.width), dot(1.0 - y, 4 * self.height))
    }

    /// Draws line segments between dots, with only one in `every` dots in between.
    fn line(&mut self, places: &[(usize, usize)], series: usize, every: usize) {
        for &place in places {
            self.dot(place, series);
        }
        for pair in places.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            let steps = x1.abs_diff(x2).max(y1.abs_diff(y2));
            let between = |a: usize, b: usize, i: usize| {
                let way = (b as f64 - a as f64) * i as f64 / steps as f64;
                (a as f64 + way).round() as usize
            };
            for i in (0..steps).step_by(every) {
                self.dot((between(x1, x2, i), between(y1, y2, i)), series);
            }
        }
    }

    fn dot(&mut self, (x, y): (usize, usize), series: usize) {
        let (bits, drawn) = &mut self.cells[y / 4 * self.width + x / 2];
        *bits |= BITS[x % 2][y % 4];
        *drawn = series;
    }

    fn rows(&self) -> impl Iterator<Item = Vec<(String, Option<usize>)>> {
        let cell = |&(bits, series): &(u8, usize)| match bits {
            0 => (" ".into(), None),
            _ => (
                char::from_u32(0x2800 + u32::from(bits))
                    .into_iter()
                    .collect(),
                Some(series),
            ),
        };
        self.cells
            .chunks(self.width)
            .map(move |row| row.iter().map(cell).collect())
    }
}

/// Pieces of text, each with the series that determines its colour.
struct Row(Vec<(String, Option<usize>)>);

impl Row {
    fn of(text: String, width: usize) -> Self {
        Row(vec![(text, None)]).padded(width)
    }

    fn push(&mut self, text: String, series: Option<usize>) {
        self.0.push((text, series));
    }

    fn padded(mut self, width: usize) -> Self {
        let taken: usize = self.0.iter().map(|(text, _)| text.width()).sum();
        self.push(" ".repeat(width.saturating_sub(taken)), None);
        self
    }

    fn text(&self, style: Style) -> String {
        let painted = self.0.chunk_by(|a, b| a.1 == b.1).map(|pieces| {
            let text: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
            match pieces[0].1 {
                Some(series) => style.paint(COLORS[series % COLORS.len()], &text),
                None => text,
            }
        });
        painted.collect::<String>().trim_end().into()
    }
}

/// The position of a value in a range, from 0 to 1; 0.5 if the range is empty.
fn fraction(value: f64, low: f64, high: f64) -> f64 {
    match low < high {
        true => (value - low) / (high - low),
        false => 0.5,
    }
}

fn whole(value: f64) -> String {
    match value.abs() < 1e7 {
        true => value.to_string(),
        false => format!("{value:.1e}"),
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        1e-3..1e3 => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::plots::{
        chart::{Axis, Line},
        properties::charts,
    };

    const PLAIN: Style = Style { colored: false };

    /// A chart of one panel with lines named `a`, `b`…
    fn chart(lines: &[&[f64]]) -> Chart {
        let line = |(series, values): (usize, &&[f64])| Line {
            series,
            points: (1..).map(f64::from).zip(values.iter().copied()).collect(),
            dashed: false,
        };
        let panel = Panel {
            title: "loss".into(),
            x: Axis::linear("epoch"),
            y: Axis::default(),
            lines: lines.iter().enumerate().map(line).collect(),
        };
        let names = ('a'..).take(lines.len());
        Chart {
            title: String::new(),
            series: names.map(String::from).collect(),
            panels: vec![panel],
        }
    }

    /// The dots of lines of text, as column and row from the top left.
    fn dots(lines: &[String]) -> Vec<(usize, usize)> {
        let mut dots = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            for (column, char) in line.chars().enumerate() {
                let code = u32::from(char).wrapping_sub(0x2800);
                // Unicode numbers the upper six dots column by column, then the two at the bottom.
                let set = [
                    (0, 0),
                    (0, 1),
                    (0, 2),
                    (1, 0),
                    (1, 1),
                    (1, 2),
                    (0, 3),
                    (1, 3),
                ];
                for (bit, (x, y)) in set.into_iter().enumerate() {
                    if code < 256 && code >> bit & 1 == 1 {
                        dots.push((2 * column + x, 4 * row + y));
                    }
                }
            }
        }
        dots
    }

    /// Removes colour codes from a text.
    fn bare(text: &str) -> String {
        let mut parts = text.split("\x1b[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |bare, part| {
            bare + part.split_once('m').map_or(part, |(_, rest)| rest)
        })
    }

    fn row_of(lines: &[String], name: &str) -> usize {
        let ends = |line: &String| line.ends_with(&format!(" {name}"));
        lines.iter().position(ends).unwrap()
    }

    proptest! {
        #[test]
        fn it_fits_the_room(chart in charts(), columns in 0_usize..200, rows in 0_usize..40) {
            for colored in [false, true] {
                let lines = draw(&chart, (columns, rows), Style { colored });
                prop_assert!(lines.len() <= rows);
                for line in &lines {
                    // Only colour codes of our own are removed; other escape sequences came with
                    // the chart.
                    let shown = if colored { bare(line) } else { line.clone() };
                    prop_assert!(shown.width() <= columns, "{shown:?}");
                }
                prop_assert_eq!(lines.is_empty(), columns < NARROWEST || rows < AROUND + LOWEST
                    || columns < 2 * (BESIDE + APART) - APART && rows / chart.panels.len() < AROUND + LOWEST);
            }
        }

        /// A decreasing line is drawn from the upper left corner to the lower right one, without
        /// ascents or gaps.
        #[test]
        fn a_falling_line_falls(falls in vec(0.01..1.0, 1..30), columns in 24_usize..80) {
            let values: Vec<_> = falls.iter().scan(0.0, |sum, fall| { *sum -= fall; Some(*sum) }).collect();
            prop_assume!(values.len() > 1);
            let lines = draw(&chart(&[&values]), (columns, 8), PLAIN);
            let mut dots = dots(&lines);
            dots.sort();
            let (first, last) = (dots[0], dots[dots.len() - 1]);
            prop_assert_eq!((first.1, last.1), (4, 4 * 7 - 1));
            for pair in dots.windows(2) {
                let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
                prop_assert!(y1 <= y2 && x2 - x1 <= 1 && y2 - y1 <= 1, "{:?}", pair);
            }
        }

        #[test]
        fn names_are_in_the_order_of_the_last_values(last in vec(0.0..1.0, 1..6)) {
            let lines: Vec<_> = last.iter().map(|&value| [0.5, value]).collect();
            let lines: Vec<_> = lines.iter().map(|line| &line[..]).collect();
            let drawn = draw(&chart(&lines), (60, 8), PLAIN);
            let rows = ('a'..).take(last.len()).map(|name| row_of(&drawn, &name.to_string()));
            let rows: Vec<_> = rows.collect();
            for (i, j) in (0..last.len()).flat_map(|i| (0..i).map(move |j| (i, j))) {
                prop_assert_ne!(rows[i], rows[j]);
                // Lines whose last values are less than a dot apart may end at the same dot.
                if last[i] > last[j] + 0.05 {
                    prop_assert!(rows[i] < rows[j], "{last:?} {rows:?}");
                }
            }
        }
    }

    #[test]
    fn extremes_stand_at_the_side_and_epochs_below() {
        let lines = draw(&chart(&[&[2.5, 0.25, 0.125]]), (40, 8), PLAIN);
        assert!(lines[0].trim_start().starts_with("loss"), "{lines:#?}");
        assert!(lines[1].starts_with("2.5000 "), "{lines:#?}");
        assert!(lines[6].starts_with("0.1250 "), "{lines:#?}");
        let below: Vec<_> = lines[7].split_whitespace().collect();
        assert_eq!(below, ["1", "epoch", "3"]);
    }

    #[test]
    fn two_panels_stand_side_by_side_where_there_is_room() {
        let mut chart = chart(&[&[2.0, 1.0]]);
        chart.panels.push(chart.panels[0].clone());
        let (wide, narrow) = (
            draw(&chart, (100, 30), PLAIN),
            draw(&chart, (40, 30), PLAIN),
        );
        assert_eq!((wide.len(), narrow.len()), (8, 16));
        assert_eq!(wide[0].matches("loss").count(), 2);
        assert_eq!(narrow[8], narrow[0]);
    }

    #[test]
    fn lines_are_told_apart_by_colour_or_by_dots() {
        let chart = chart(&[&[2.0, 1.0], &[1.0, 2.0]]);
        let colored = draw(&chart, (60, 8), Style { colored: true }).join("\n");
        assert!(colored.contains("\x1b[34m") && colored.contains("\x1b[33m"));
        let plain = draw(&chart, (60, 8), PLAIN);
        assert!(!plain.concat().contains('\x1b'));
        let bare: Vec<_> = colored.lines().map(bare).collect();
        assert!(dots(&plain).len() < dots(&bare).len());
    }
}
