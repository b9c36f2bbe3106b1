//! The layout of an axis: positions of values, ticks and labels.

use unicode_width::UnicodeWidthStr;

use crate::{
    chart::{Axis, Scale},
    elements::{ADVANCE, LINE},
    escape::cut,
};

/// Maximum width of a categorical label, in columns.
const NAME: usize = 16;

/// Minimum space between two labels next to each other.
const GAP: f64 = 10.0;

/// An axis with a known range.
pub struct Ruler {
    scale: Scale,
    /// Ends of the range; their logarithms on a logarithmic scale.
    low: f64,
    high: f64,
    pub ticks: Vec<Tick>,
    /// Whether the labels are rotated, because they are too wide to fit next to each other.
    pub turned: bool,
}

/// A labelled position on an axis.
pub struct Tick {
    /// Position from 0 to 1.
    pub at: f64,
    pub label: String,
}

/// Distance between ticks: a round number *m·10ᵖ* with *m* one of 1, 2, 5.
#[derive(Clone, Copy)]
struct Step {
    mantissa: i64,
    power: i32,
}

impl Ruler {
    /// Lays out an axis of `length` pixels for `values`, all of which it can show. A horizontal
    /// axis (`across`) extends from the first to the last value, a vertical one from tick to tick.
    pub fn new(axis: &Axis, values: &[f64], length: f64, across: bool) -> Self {
        if !axis.names.is_empty() {
            return Ruler::named(&axis.names, length, across);
        }
        if values.is_empty() {
            return Ruler::with(axis.scale, (0.0, 1.0), Vec::new());
        }
        let (low, high) = range(values.iter().copied());
        match (axis.scale, across) {
            (Scale::Log, _) => Ruler::log(low, high),
            (Scale::Linear, false) => Ruler::upwards(low, high),
            (Scale::Linear, true) => {
                let whole = values.iter().all(|value| value.fract() == 0.0);
                Ruler::across(low, high, length, whole)
            }
        }
    }

    /// Position of a value, from 0 to 1.
    pub fn at(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        };
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Width of the widest label, in pixels.
    pub fn widest(&self) -> f64 {
        widest(self.ticks.iter().map(|tick| &tick.label))
    }

    fn with(scale: Scale, (low, high): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        let tick = |(value, label): (f64, String)| Tick {
            at: ((value - low) / (high - low)).clamp(0.0, 1.0),
            label,
        };
        Ruler {
            scale,
            low,
            high,
            ticks: ticks.into_iter().map(tick).collect(),
            turned: false,
        }
    }

    /// A categorical axis with half a position of space at both ends.
    fn named(names: &[String], length: f64, across: bool) -> Self {
        let labels: Vec<_> = names.iter().map(|name| cut(name, NAME)).collect();
        let place = length / names.len() as f64;
        let turned = across && place < widest(labels.iter()) + GAP;
        let room = if across && !turned { place } else { LINE };
        let every = (room / place).ceil().max(1.0) as usize;
        let positions = labels.into_iter().enumerate().step_by(every);
        let ticks = positions.map(|(i, label)| (i as f64, label)).collect();
        let range = (-0.5, names.len() as f64 - 0.5);
        Ruler {
            turned,
            ..Ruler::with(Scale::Linear, range, ticks)
        }
    }

    /// A logarithmic axis between two powers of ten, with at most seven labels.
    fn log(low: f64, high: f64) -> Self {
        let low = low.log10().floor() as i32;
        let high = (high.log10().ceil() as i32).max(low + 1);
        let every = (high - low).unsigned_abs().div_ceil(6) as usize;
        let label = |power: i32| match power {
            -3..=-1 => format!("{:.*}", power.unsigned_abs() as usize, 10_f64.powi(power)),
            0..=4 => 10_u32.pow(power as u32).to_string(),
            _ => format!("1e{power}"),
        };
        let powers = (low..=high).step_by(every);
        let ticks = powers.map(|power| (power.into(), label(power))).collect();
        Ruler::with(Scale::Log, (low.into(), high.into()), ticks)
    }

    fn upwards(low: f64, high: f64) -> Self {
        let (low, high) = widened(low, high, false);
        let step = Step::at_least((high - low) / 6.0);
        let ticks = step.multiples(low, high, Step::outside);
        let range = (ticks[0].0, ticks[ticks.len() - 1].0);
        Ruler::with(Scale::Linear, range, ticks)
    }

    /// A horizontal axis with up to about ten ticks, as many as their labels leave room for.
    fn across(low: f64, high: f64, length: f64, whole: bool) -> Self {
        let (low, high) = widened(low, high, whole);
        let range = high - low;
        let ticks = |parts: i32| {
            let step = match Step::at_least(range / f64::from(parts)) {
                step if whole && step.power < 0 => Step::ONE,
                step => step,
            };
            let ticks = step.multiples(low, high, Step::inside);
            let room = step.size() / range * length;
            let fits = widest(ticks.iter().map(|(_, label)| label)) + GAP <= room;
            (fits || parts == 1).then_some(ticks)
        };
        let ticks = (1..=10).rev().find_map(ticks).unwrap_or_default();
        Ruler::with(Scale::Linear, (low, high), ticks)
    }
}

impl Step {
    const ONE: Step = Step {
        mantissa: 1,
        power: 0,
    };

    /// The smallest step that is at least `size`, up to rounding errors.
    fn at_least(size: f64) -> Self {
        let power = size.log10().floor() as i32;
        let step = |mantissa| Step { mantissa, power };
        let next = Step {
            mantissa: 1,
            power: power + 1,
        };
        let mut found = [1, 2, 5].map(step).into_iter();
        found
            .find(|step| step.size() >= size * (1.0 - 1e-9))
            .unwrap_or(next)
    }

    fn size(self) -> f64 {
        self.mantissa as f64 * 10_f64.powi(self.power)
    }

    /// The first and last multiples that lie inside a range.
    fn inside(self, low: f64, high: f64) -> (i64, i64) {
        let (low, high) = (low / self.size(), high / self.size());
        ((low - 1e-6).ceil() as i64, (high + 1e-6).floor() as i64)
    }

    /// The first and last multiples that enclose a range.
    fn outside(self, low: f64, high: f64) -> (i64, i64) {
        let (low, high) = (low / self.size(), high / self.size());
        ((low + 1e-6).floor() as i64, (high - 1e-6).ceil() as i64)
    }

    /// The multiples in a range, with labels in a common format.
    fn multiples(
        self,
        low: f64,
        high: f64,
        range: fn(Step, f64, f64) -> (i64, i64),
    ) -> Vec<(f64, String)> {
        let (first, last) = range(self, low, high);
        let decimals = self.power.min(0).unsigned_abs() as usize;
        let plain = |i: i64| format!("{:.decimals$}", i as f64 * self.size());
        // The digits are computed with integers, so they are exact: 1234·10⁻⁸ is 1.234·10⁻⁵.
        let scientific = |i: i64| {
            let digits = format!("{:e}", i * self.mantissa);
            let (digits, power) = digits.split_once('e').unwrap_or((&digits, "0"));
            let power = power.parse().unwrap_or(0) + self.power;
            if i == 0 {
                "0".into()
            } else {
                format!("{digits}e{power}")
            }
        };
        let short = |i: i64| (i as f64 * self.size()).abs() < 1e6 && decimals <= 5;
        let label = |i| match short(first) && short(last) {
            true => plain(i),
            false => scientific(i),
        };
        (first..=last)
            .map(|i| (i as f64 * self.size(), label(i)))
            .collect()
    }
}

/// Widens a range that is too narrow to have ticks in it.
fn widened(low: f64, high: f64, whole: bool) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    match high - low > 1e-6 * size && size > 1e-290 {
        true => (low, high),
        false if whole && size < 1e9 => (low - 0.5, high + 0.5),
        false if size <= 1e-290 => (0.0, 1.0),
        false => (low - 0.5 * size, high + 0.5 * size),
    }
}

/// The minimum and the maximum.
pub fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

fn widest<'l>(labels: impl Iterator<Item = &'l String>) -> f64 {
    let columns = labels.map(|label| label.width()).max().unwrap_or(0);
    columns as f64 * ADVANCE
}
