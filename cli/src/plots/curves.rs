//! Loss and accuracy over the epochs, as an SVG that reads well on light and dark grounds.

use std::fmt::Write;

use tapeline_models::Epoch;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 220.0;
const MARGIN: f64 = 48.0;

const STYLE: &str = "\
<style>
svg { --ground: #ffffff; --ink: #24292f; --grid: #d8dee4; font: 12px sans-serif }
@media (prefers-color-scheme: dark) { svg { --ground: #0d1117; --ink: #e6edf3; --grid: #30363d } }
.ground { fill: var(--ground) } text { fill: var(--ink) } .grid { stroke: var(--grid) }
polyline { fill: none; stroke: var(--line); stroke-width: 2 } circle { fill: var(--line) }
.train { --line: #2f81f7 } .test { --line: #e8710a } .val { --line: #2da44e }
</style>
";

/// A line of a panel: its name, and a value for each epoch.
type Curve = (&'static str, Vec<f64>);

/// Draws a training; `title` is cut to the picture's width.
pub fn svg(title: &str, history: &[Epoch]) -> String {
    let curves = |train: fn(&Epoch) -> f64, test: fn(&Epoch) -> f64, val: fn((f64, f64)) -> f64| {
        let mut curves = vec![
            ("train", history.iter().map(train).collect()),
            ("test", history.iter().map(test).collect()),
        ];
        if history.iter().any(|epoch| epoch.val.is_some()) {
            let val = |epoch: &Epoch| epoch.val.map_or(f64::NAN, val);
            curves.push(("val", history.iter().map(val).collect()));
        }
        curves
    };
    let loss = curves(|e| e.train_loss, |e| e.test_loss, |(loss, _)| loss);
    let accuracy = curves(
        |e| e.train_accuracy,
        |e| e.test_accuracy,
        |(_, accuracy)| accuracy,
    );

    let (width, height) = (2.0 * (WIDTH + 1.5 * MARGIN), HEIGHT + 2.5 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
    );
    svg += STYLE;
    let _ = writeln!(
        svg,
        "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>"
    );
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"20\">{}</text>",
        escaped(title)
    );
    panel(&mut svg, "loss", MARGIN, &loss);
    panel(&mut svg, "accuracy", WIDTH + 2.5 * MARGIN, &accuracy);
    svg + "</svg>\n"
}

fn panel(svg: &mut String, name: &str, left: f64, curves: &[Curve]) {
    let top = MARGIN;
    let epochs = curves
        .iter()
        .map(|(_, values)| values.len())
        .max()
        .unwrap_or(0);
    let finite = curves
        .iter()
        .flat_map(|(_, values)| values)
        .copied()
        .filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let step = tick(low, high);
    let (bottom, ceiling) = ((low / step).floor() * step, (high / step).ceil() * step);

    let x = |epoch: usize| left + WIDTH * (epoch as f64 - 1.0) / (epochs as f64 - 1.0).max(1.0);
    let y = |value: f64| top + HEIGHT * (1.0 - (value - bottom) / (ceiling - bottom).max(step));

    let _ = writeln!(svg, "<text x=\"{left}\" y=\"{}\">{name}</text>", top - 8.0);
    if low <= high {
        let ticks = ((ceiling - bottom) / step).round().max(1.0) as usize;
        for value in (0..=ticks).map(|i| bottom + i as f64 * step) {
            let y = y(value);
            let right = left + WIDTH;
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"
            );
            let label = format!("{value:.*}", (-step.log10().floor()).max(0.0) as usize);
            let (x, y) = (left - 6.0, y + 4.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{label}</text>"
            );
        }
    }
    let below = top + HEIGHT + 18.0;
    let every = epochs.div_ceil(10).max(1);
    for epoch in (1..=epochs).step_by(every) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{below}\" text-anchor=\"middle\">{epoch}</text>",
            x(epoch)
        );
    }
    for (i, (class, values)) in curves.iter().enumerate() {
        let points: Vec<_> = (1..)
            .zip(values)
            .filter(|(_, value)| value.is_finite())
            .map(|(epoch, &value)| (x(epoch), y(value)))
            .collect();
        let line: Vec<_> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"{class}\" points=\"{}\"/>",
            line.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                svg,
                "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
            );
        }
        let (x, y) = (left + 60.0 * i as f64, below + 22.0);
        let _ = writeln!(
            svg,
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>",
            x + 4.0,
            y - 4.0
        );
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{y}\">{class}</text>", x + 14.0);
    }
}

/// A round distance between ticks, so that a few of them lie between `low` and `high`.
fn tick(low: f64, high: f64) -> f64 {
    let rough = ((high - low) / 4.0).max(1e-6);
    if !rough.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|round| round * power >= rough);
    round.unwrap_or(10.0) * power
}

fn escaped(text: &str) -> String {
    const SHOWN: usize = 110;
    let mut out = String::new();
    for char in text.chars().take(SHOWN) {
        match char {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            _ => out.push(char),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: u64, loss: f64, val: Option<(f64, f64)>) -> Epoch {
        let (test_loss, accuracy) = (1.5 * loss, 1.0 / (1.0 + loss));
        Epoch {
            epoch,
            train_loss: loss,
            train_accuracy: accuracy,
            test_loss,
            test_accuracy: accuracy,
            val,
            train_seconds: 1.0,
            test_seconds: 1.0,
        }
    }

    /// The coordinates of all points of all lines.
    fn points(svg: &str) -> Vec<(f64, f64)> {
        let lines = svg
            .split("points=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let number = |text: &str| text.parse().unwrap();
        let point = |text: &str| {
            text.split_once(',')
                .map(|(x, y)| (number(x), number(y)))
                .unwrap()
        };
        lines
            .flat_map(|line| line.split_whitespace().map(point).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn every_finite_value_is_a_point_inside_the_picture() {
        for losses in [
            &[2.0, 0.5, 0.1][..],
            &[1e-9],
            &[1.0, f64::INFINITY, 1e30],
            &[0.0, 0.0],
            &[f64::NAN],
            &[],
        ] {
            let history: Vec<_> = (1..)
                .zip(losses)
                .map(|(i, &loss)| epoch(i, loss, Some((loss, 0.5))))
                .collect();
            let svg = svg("flatten", &history);
            let points = points(&svg);
            let finite = losses.iter().filter(|loss| loss.is_finite()).count();
            // Losses and accuracies of three data sets; an accuracy is finite where its loss is no NaN, and that of `val` always.
            let accuracies = losses.iter().filter(|loss| !loss.is_nan()).count();
            assert_eq!(
                points.len(),
                3 * finite + 2 * accuracies + losses.len(),
                "{losses:?}"
            );
            let inside = |&(x, y): &(f64, f64)| {
                (0.0..=900.0).contains(&x) && (MARGIN..=MARGIN + HEIGHT).contains(&y)
            };
            assert!(points.iter().all(inside), "{losses:?}: {points:?}");
        }
    }

    #[test]
    fn lower_is_lower() {
        let svg = svg("flatten", &[epoch(1, 2.0, None), epoch(2, 1.0, None)]);
        let points = points(&svg);
        assert!(
            points[0].0 < points[1].0 && points[0].1 < points[1].1,
            "{points:?}"
        );
    }

    #[test]
    fn a_title_is_text() {
        assert!(svg("a < b & c", &[]).contains(">a &lt; b &amp; c<"));
    }
}
