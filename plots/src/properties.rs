//! Property tests of charts.

use std::ops::Range;

use proptest::{collection::vec, prelude::*, sample::select};
use unicode_width::UnicodeWidthStr;

use crate::{
    chart::{Axis, Chart, Line, Panel, Scale},
    elements::ADVANCE,
    ruler::Ruler,
};

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,12}", "(\\PC| |[<>&\"'\u{0}\u{1b}字]){0,60}"]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => 0.0..1.0,
        3 => (0..30).prop_map(f64::from),
        1 => 0.99999..1.00001,
        1 => proptest::num::f64::ANY,
        1 => select(vec![0.0, 1e300, -1e300, 5e-324, f64::MAX, f64::NAN, f64::INFINITY]),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    let names = prop_oneof![4 => Just(vec![]), 1 => vec(words(), 1..40)];
    (words(), any::<bool>(), names).prop_map(|(label, log, names)| Axis {
        label,
        scale: if log { Scale::Log } else { Scale::Linear },
        names,
    })
}

fn line(series: Range<usize>) -> impl Strategy<Value = Line> {
    (series, vec((value(), value()), 0..20), any::<bool>()).prop_map(|(series, points, dashed)| {
        Line {
            series,
            points,
            dashed,
        }
    })
}

fn panel() -> impl Strategy<Value = Panel> {
    let lines = vec(line(0..14), 0..14);
    (words(), axis(), axis(), lines).prop_map(|(title, x, y, lines)| Panel { title, x, y, lines })
}

pub fn charts() -> impl Strategy<Value = Chart> {
    (words(), vec(words(), 0..14), vec(panel(), 1..3)).prop_map(|(title, series, panels)| Chart {
        title,
        series,
        panels,
    })
}

/// A drawn element: its tag with all attributes, and the text that follows.
struct Element<'s> {
    tag: &'s str,
    text: &'s str,
}

impl<'s> Element<'s> {
    fn attribute(&self, name: &str) -> Option<&'s str> {
        let (_, rest) = self.tag.split_once(&format!(" {name}=\""))?;
        rest.split('"').next()
    }

    #[track_caller]
    fn number(&self, name: &str) -> f64 {
        self.attribute(name).unwrap().parse().unwrap()
    }
}

/// The elements of a picture with the given name. Text must not contain `<`, or this finds too
/// many.
fn elements<'s>(svg: &'s str, name: &str) -> Vec<Element<'s>> {
    let mark = format!("<{name} ");
    let element = |(start, _): (usize, &str)| {
        let (tag, rest) = svg[start..].split_once('>').unwrap();
        let text = rest.split('<').next().unwrap();
        Element { tag, text }
    };
    svg.match_indices(&mark).map(element).collect()
}

fn read(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"");
    text.replace("&amp;", "&")
}

type Point = (f64, f64);

fn points(polyline: &Element<'_>) -> Vec<Point> {
    let point = |pair: &str| {
        let (x, y) = pair.split_once(',').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    let pairs = polyline.attribute("points").unwrap().split_whitespace();
    pairs.map(point).collect()
}

/// Bounding box of a text: left, top, right, bottom.
fn place(text: &Element<'_>) -> [f64; 4] {
    let (x, y) = (text.number("x"), text.number("y"));
    let length = read(text.text).width() as f64 * ADVANCE;
    let before = match text.attribute("text-anchor") {
        None => 0.0,
        Some("middle") => 0.5 * length,
        Some("end") => length,
        Some(other) => panic!("{other}"),
    };
    // A letter extends 9 pixels above its baseline and 3 below it.
    match text.attribute("transform") {
        None => [x - before, y - 9.0, x - before + length, y + 3.0],
        Some(turned) => {
            assert_eq!(turned, format!("rotate(-90 {x:.1} {y:.1})"));
            [x - 9.0, y + before - length, x + 3.0, y + before]
        }
    }
}

fn overlap(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

fn size(svg: &str) -> (f64, f64) {
    let root = &elements(svg, "svg")[0];
    (root.number("width"), root.number("height"))
}

proptest! {
    #[test]
    fn nothing_leaves_the_picture_and_no_texts_overlap(chart in charts()) {
        for svg in [chart.svg(), chart.inline()] {
            let (width, height) = size(&svg);
            let texts = elements(&svg, "text");
            let places: Vec<_> = texts.iter().map(place).collect();
            for (i, [left, top, right, bottom]) in places.iter().enumerate() {
                let inside = *left >= 0.0 && *top >= 0.0 && *right <= width && *bottom <= height;
                prop_assert!(inside, "{} at {:?} of {width}x{height}", texts[i].text, places[i]);
                if let Some(j) = places[..i].iter().position(|other| overlap(other, &places[i])) {
                    prop_assert!(false, "{:?} over {:?}", texts[i].text, texts[j].text);
                }
            }
            let inside = |x: f64, y: f64| (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
            for line in elements(&svg, "line") {
                prop_assert!(inside(line.number("x1"), line.number("y1")));
                prop_assert!(inside(line.number("x2"), line.number("y2")));
            }
            for (x, y) in elements(&svg, "polyline").iter().flat_map(points) {
                prop_assert!(inside(x, y), "{x}, {y}");
            }
        }
    }

    #[test]
    fn each_value_that_has_a_place_is_a_point_and_order_is_kept(chart in charts()) {
        let svg = chart.svg();
        let lines = chart.panels.iter().flat_map(|panel| panel.lines.iter().map(move |l| (panel, l)));
        let groups = elements(&svg, "g");
        let drawn = elements(&svg, "polyline");
        prop_assert_eq!(lines.clone().count(), drawn.len());
        for (((panel, line), group), drawn) in lines.zip(groups).zip(drawn) {
            let class = format!("s{} c{}", line.series, line.series % 10);
            prop_assert!(group.attribute("class").unwrap().starts_with(&class));
            prop_assert_eq!(group.attribute("class").unwrap().ends_with(" dashed"), line.dashed);
            let drawable = |axis: &Axis, value: f64| match axis.names.len() {
                0 if axis.scale == Scale::Log => value > 0.0 && value <= 1e300,
                0 => value.abs() <= 1e300,
                names => value >= 0.0 && value <= names as f64 - 1.0,
            };
            let values = line.points.iter().filter(|p| drawable(&panel.x, p.0) && drawable(&panel.y, p.1));
            let values: Vec<_> = values.collect();
            let points = points(&drawn);
            prop_assert_eq!(values.len(), points.len());
            for (a, p) in values.iter().zip(&points) {
                for (b, q) in values.iter().zip(&points) {
                    prop_assert!(a.0 > b.0 || p.0 <= q.0, "{a:?} {b:?} {p:?} {q:?}");
                    prop_assert!(a.1 > b.1 || p.1 >= q.1, "{a:?} {b:?} {p:?} {q:?}");
                }
            }
        }
    }

    /// Text is escaped, so that the tags of the picture are those that were meant to be drawn.
    #[test]
    fn text_is_escaped(chart in charts()) {
        let svg = chart.svg();
        let known = ["svg", "title", "style", "rect", "text", "line", "g", "polyline", "circle"];
        let mut open = Vec::new();
        for part in svg.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap();
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            prop_assert!(known.contains(&name), "<{tag}>");
            match tag {
                _ if tag.starts_with('/') => prop_assert_eq!(open.pop(), Some(name)),
                _ if tag.ends_with('/') => {}
                _ => open.push(name),
            }
            prop_assert!(!text.contains('>'));
            prop_assert!(text.chars().all(|char| char == '\n' || !char.is_control()));
            let entity = |rest: &str| ["amp;", "lt;", "gt;", "quot;"].iter().any(|e| rest.starts_with(e));
            prop_assert!(text.split('&').skip(1).all(entity), "{text}");
        }
        prop_assert!(open.is_empty());
    }

    /// Programs without support for CSS variables draw elements in black unless they have a colour
    /// attribute.
    #[test]
    fn every_element_has_a_colour_of_its_own(chart in charts()) {
        for svg in [chart.svg(), chart.inline()] {
            for name in ["text", "rect", "circle", "line", "polyline"] {
                for element in elements(&svg, name) {
                    let fill = name == "text" || name == "rect" || name == "circle";
                    let color = element.attribute(if fill { "fill" } else { "stroke" }).unwrap();
                    prop_assert!(color.len() == 7 && color.starts_with('#'), "<{}>", element.tag);
                    prop_assert!(name != "polyline" || element.attribute("fill") == Some("none"));
                }
            }
            // There are no other elements.
            for tag in svg.split('<').skip(1).filter_map(|part| part.split(['>', ' ']).next()) {
                let drawn = ["text", "rect", "circle", "line", "polyline", "svg", "title", "style", "g"];
                prop_assert!(drawn.contains(&tag.trim_start_matches('/')), "<{tag}>");
            }
        }
    }

    /// Each tick is at the position of the value on its label.
    #[test]
    fn ticks_are_where_they_say(low in value(), span in 1e-3..1e3, log in any::<bool>()) {
        let values = if log { [1e-3 * span, span] } else { [low, low + span] };
        let scale = if log { Scale::Log } else { Scale::Linear };
        let axis = Axis { scale, ..Axis::default() };
        prop_assume!(values.iter().all(|&value| axis.holds(value)));
        for (across, length) in [(true, 360.0), (false, 220.0)] {
            let ruler = Ruler::new(&axis, &values, length, across);
            let count = ruler.ticks.len();
            prop_assert!((1..=12).contains(&count), "{count}");
            for tick in &ruler.ticks {
                let at = ruler.at(tick.label.parse().unwrap());
                prop_assert!((at - tick.at).abs() < 1e-6, "{} at {}, not {at}", tick.label, tick.at);
            }
        }
    }

    #[test]
    fn epochs_are_whole(first in 1_u32..5, count in 1_u32..200) {
        let values: Vec<_> = (first..first + count).map(f64::from).collect();
        let ruler = Ruler::new(&Axis::default(), &values, 360.0, true);
        let named: Vec<u32> = ruler.ticks.iter().map(|tick| tick.label.parse().unwrap()).collect();
        prop_assert!(!named.is_empty() && named.iter().all(|epoch| (first..first + count).contains(epoch)));
    }
}

#[test]
fn a_page_brings_style_and_names_itself() {
    let line = Line {
        series: 11,
        points: vec![(1.0, 2.0)],
        dashed: false,
    };
    let panel = Panel {
        title: "loss".into(),
        x: Axis::linear("epoch"),
        y: Axis::default(),
        lines: vec![line],
    };
    let chart = Chart {
        title: "depth".into(),
        series: vec!["one of the series".into()],
        panels: vec![panel],
    };
    let (file, inline) = (chart.svg(), chart.inline());
    assert!(file.contains(Chart::style()) && file.contains(">one of the series</text>"));
    assert!(!inline.contains("<style>") && !inline.contains("one of the series"));
    for svg in [file, inline] {
        assert!(svg.contains("<title>depth</title>") && svg.contains("role=\"img\""));
        assert!(svg.contains("<g class=\"s11 c1 again\">"), "{svg}");
    }
}
