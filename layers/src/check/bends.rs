//! Finds the kinks of a layer along a random line through the space of its inputs, so that each
//! linear piece of a piecewise function is visited.

use ndarray::{Axis, stack};
use rand::Rng;
use tapeline_tensor::Tensor;

use super::{case::Case, inputs::normal};
use crate::{Mode, ctx::generator};

/// Inputs on the line are multiples of values in ±[0.5, 1.5), up to this.
const REACH: f64 = 50.0;

/// Number of intervals in which a kink is searched for.
const INTERVALS: usize = 100;

/// Number of times that an interval is halved. The slope of a smooth function changes by little
/// within the last half.
const HALVINGS: usize = 14;

/// Minimum change of slope at a kink, relative to the slopes on its two sides.
const BEND: f64 = 0.01;

/// Maximum number of kinks whose surroundings are checked.
const KINKS: usize = 12;

/// Distance from the kink on both sides.
const DISTANCE: f64 = 1e-3;

/// An interval of the line, with the outputs at its ends and in the middle.
struct Interval {
    start: f64,
    width: f64,
    outputs: [Vec<f64>; 3],
}

impl Interval {
    /// Returns the largest change of an output's slope between its halves, relative to the slopes.
    fn bend(&self) -> f64 {
        let [a, m, b] = &self.outputs;
        let bends = a.iter().zip(m).zip(b).map(|((a, m), b)| {
            let (left, right) = (m - a, b - m);
            // A difference that rounding explains is not a bend.
            let rounding = 1e-12 * (a.abs() + m.abs() + b.abs());
            let size = left.abs() + right.abs() + rounding / BEND + f64::MIN_POSITIVE;
            (right - left).abs() / size
        });
        bends.fold(0.0, f64::max)
    }

    /// Keeps the half with the larger bend, given the outputs in the middle of both halves.
    fn halve(&mut self, first: &[f64], second: &[f64]) {
        let [a, m, b] = std::mem::take(&mut self.outputs);
        let half = |start, outputs| Interval {
            start,
            width: 0.5 * self.width,
            outputs,
        };
        let left = half(self.start, [a, first.to_vec(), m.clone()]);
        let right = half(self.middle(), [m, second.to_vec(), b]);
        *self = match left.bend() >= right.bend() {
            true => left,
            false => right,
        };
    }

    fn middle(&self) -> f64 {
        self.start + 0.5 * self.width
    }
}

impl Case<'_> {
    /// Returns samples next to the kinks along a line, on both sides of each; nothing if there are
    /// no kinks.
    pub(super) fn bends(&self) -> Option<Tensor<f64>> {
        let line = Line::new(self);
        let kinks = line.kinks();
        let step = kinks.len().div_ceil(KINKS).max(1);
        let around = |&kink: &f64| [kink - DISTANCE, kink + DISTANCE];
        let places: Vec<f64> = kinks.iter().step_by(step).flat_map(around).collect();
        (!places.is_empty()).then(|| line.samples(&places))
    }
}

/// A line through the space of inputs.
struct Line<'c> {
    case: &'c Case<'c>,
    origin: Tensor<f64>,
    direction: Tensor<f64>,
}

impl<'c> Line<'c> {
    fn new(case: &'c Case<'c>) -> Self {
        let mut rng = generator(6, 0, 0, b"test");
        let mut slope = || {
            let size = rng.random_range(0.5..1.5);
            if rng.random() { size } else { -size }
        };
        Line {
            case,
            origin: normal(&case.shape, 6),
            direction: Tensor::from_shape_simple_fn(case.shape.clone(), &mut slope),
        }
    }

    /// Returns the places of kinks, in order; at most one in each interval.
    fn kinks(&self) -> Vec<f64> {
        let width = 2.0 * REACH / INTERVALS as f64;
        let grid: Vec<f64> = (0..=2 * INTERVALS)
            .map(|i| 0.5 * width * i as f64 - REACH)
            .collect();
        let outputs = self.outputs(&grid);
        let mut intervals: Vec<Interval> = (0..INTERVALS)
            .map(|i| Interval {
                start: grid[2 * i],
                width,
                outputs: [0, 1, 2].map(|k| outputs[2 * i + k].clone()),
            })
            .collect();
        for _ in 0..HALVINGS {
            intervals.retain(|interval| interval.bend() > BEND);
            let quarters = intervals
                .iter()
                .flat_map(|of| [of.start + 0.25 * of.width, of.start + 0.75 * of.width]);
            let outputs = self.outputs(&quarters.collect::<Vec<_>>());
            for (interval, quarters) in intervals.iter_mut().zip(outputs.chunks(2)) {
                interval.halve(&quarters[0], &quarters[1]);
            }
        }
        intervals.retain(|interval| interval.bend() > BEND);
        intervals.iter().map(Interval::middle).collect()
    }

    /// Returns the output at each place.
    fn outputs(&self, places: &[f64]) -> Vec<Vec<f64>> {
        if places.is_empty() {
            return Vec::new();
        }
        let params = self.case.params();
        let y = self
            .case
            .run(&params, &self.samples(places), Mode::Evaluation);
        y.outer_iter()
            .map(|y| y.iter().copied().collect())
            .collect()
    }

    /// Returns the inputs at the given places, in a batch.
    fn samples(&self, places: &[f64]) -> Tensor<f64> {
        let samples: Vec<_> = places
            .iter()
            .map(|&place| &self.origin + &(&self.direction * place))
            .collect();
        let views: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
        let all = stack(Axis(0), &views);
        all.unwrap_or_else(|e| unreachable!("samples of one shape: {e}"))
            .into_shared()
    }
}
