//! A function at a point: its gradient by backward rules, and its slopes by finite differences.

use std::ops::Range;

use super::{
    Check, FINEST,
    compare::excuse,
    random::SplitMix64,
    report::{At, Leaf, Mismatch},
};
use crate::{ParamId, Params, Place, Tape, Tensor, Var, no_grad, value_and_grad_tampered};

pub type Function<'a> =
    &'a dyn for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>;

/// Name of the operation that reduces the value to one number. It belongs to the check, so it is
/// never tampered with.
const PROJECTION: &str = "check::projection";

/// Rounding error of the result of a few operations, relative to the result.
pub const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// A function at a point. The elements of all weights and inputs are concatenated into one vector;
/// ranges refer to that vector.
pub struct Problem<'a> {
    check: Check<'a>,
    params: &'a Params<f64>,
    inputs: &'a [Tensor<f64>],
    f: Function<'a>,
    slots: Vec<Slot>,
    gradient: Vec<f64>,
    value: Tensor<f64>,
    /// The weight of each element of the value.
    projection: Tensor<f64>,
    /// Elements at a kink, which directions exclude.
    avoided: Vec<bool>,
    random: SplitMix64,
    pub evaluations: usize,
}

/// The position of a weight or an input in the vector.
struct Slot {
    source: Leaf,
    /// Its index among the parameters, or among the inputs.
    number: usize,
    shape: Vec<usize>,
    range: Range<usize>,
}

pub struct Direction {
    range: Range<usize>,
    steps: Vec<f64>,
}

/// Derivatives along a direction.
pub struct Differences {
    pub analytic: f64,
    pub numeric: f64,
    pub step: f64,
    /// Difference of the slopes on the two sides, as at a kink; smooth curvature cancels out.
    jump: f64,
    /// Rounding error of a slope.
    noise: f64,
    /// Sum of absolute terms of the derivative, increased such that rounding errors stay within the
    /// tolerance.
    scale: f64,
}

impl Differences {
    pub fn error(&self) -> f64 {
        (self.numeric - self.analytic).abs()
    }

    pub fn relative(&self) -> f64 {
        match self.error() {
            0.0 => 0.0,
            error => error / self.scale,
        }
    }

    /// Returns `true` if a kink explains the error.
    pub fn at_kink(&self) -> bool {
        self.jump > 1e-3 * self.error() && self.jump > 10.0 * self.noise
    }
}

impl<'a> Problem<'a> {
    pub fn new(
        check: Check<'a>,
        params: &'a Params<f64>,
        inputs: &'a [Tensor<f64>],
        f: Function<'a>,
    ) -> Result<Self, Mismatch> {
        let mut random = SplitMix64(check.seed);
        let tamper = |place: &Place, parent, share| match check.tamper {
            Some(tamper) if place.op != PROJECTION => tamper(place, parent, share),
            _ => Some(share),
        };
        let (_, grads, (value, projection, odd)) =
            value_and_grad_tampered(params, inputs, &tamper, |tape, params, inputs| {
                let y = f(tape, params, inputs);
                let value = y.value();
                let weight = || {
                    if value.len() == 1 {
                        1.0
                    } else {
                        random.signed()
                    }
                };
                let weights = Tensor::from_shape_simple_fn(value.raw_dim(), weight);
                let total = Tensor::from_elem(vec![], (&value * &weights).sum());
                let projection = weights.clone();
                let loss = tape.op(PROJECTION, total, [y], |g, _| {
                    [Some((weights * g.sum()).into_shared())]
                });
                let finite = value.iter().all(|v| v.is_finite());
                let odd = (!finite).then(|| tape.first_non_finite()).flatten();
                (loss, (value, projection, odd))
            });
        if let Some(place) = odd {
            return Err(Mismatch::Value { place });
        }

        let mut problem = Problem {
            check,
            params,
            inputs,
            f,
            slots: Vec::new(),
            gradient: Vec::new(),
            value,
            projection,
            avoided: Vec::new(),
            random,
            evaluations: 0,
        };
        for (number, (param, gradient)) in params.iter().zip(&grads.params).enumerate() {
            if param.role.is_learned() {
                let source = Leaf::Param(param.name.clone());
                problem.place(source, number, &param.value, gradient.as_ref());
            }
        }
        for (number, (input, gradient)) in inputs.iter().zip(&grads.inputs).enumerate() {
            problem.place(Leaf::Input(number), number, input, gradient.as_ref());
        }

        problem.avoided = vec![false; problem.gradient.len()];

        if let Some(odd) = problem.gradient.iter().position(|g| !g.is_finite()) {
            return Err(Mismatch::Gradient {
                at: problem.at(odd..odd + 1).remove(0),
                value: problem.gradient[odd],
            });
        }
        let nowhere = problem.direction(0..0);
        if problem.value_along(&nowhere, 0.0) != problem.value {
            return Err(Mismatch::Unsteady);
        }
        Ok(problem)
    }

    fn place(
        &mut self,
        source: Leaf,
        number: usize,
        x: &Tensor<f64>,
        gradient: Option<&Tensor<f64>>,
    ) {
        let start = self.gradient.len();
        match gradient {
            Some(gradient) => self.gradient.extend(gradient),
            None => self.gradient.resize(start + x.len(), 0.0),
        }
        self.slots.push(Slot {
            source,
            number,
            shape: x.shape().to_vec(),
            range: start..self.gradient.len(),
        });
    }

    /// Returns the range of all elements.
    pub fn all(&self) -> Range<usize> {
        0..self.gradient.len()
    }

    pub fn over_budget(&self) -> bool {
        self.evaluations >= self.check.budget
    }

    /// Returns where to split a range of several elements: between tensors if possible.
    pub fn middle(&self, range: &Range<usize>) -> usize {
        let middle = range.start + range.len() / 2;
        let borders = self.slots.iter().map(|slot| slot.range.start);
        borders
            .filter(|border| range.start < *border && *border < range.end)
            .min_by_key(|border| border.abs_diff(middle))
            .unwrap_or(middle)
    }

    /// Returns the element of a range, or the tensors that a longer range covers.
    pub fn at(&self, range: Range<usize>) -> Vec<At> {
        let touched = self
            .slots
            .iter()
            .filter(|slot| !overlap(&slot.range, &range).is_empty());
        let at = |slot: &Slot| At {
            source: slot.source.clone(),
            index: (range.len() == 1).then(|| index(range.start - slot.range.start, &slot.shape)),
        };
        touched.map(at).collect()
    }

    /// Excludes an element from all subsequent directions.
    pub fn avoid(&mut self, element: usize) {
        self.avoided[element] = true;
    }

    /// Returns a random direction of length 1; the positive direction for a single element.
    pub fn direction(&mut self, range: Range<usize>) -> Direction {
        let one = range.len() == 1;
        let steps = self.avoided[range.clone()]
            .iter()
            .map(|avoided| match avoided {
                true => 0.0,
                false if one => 1.0,
                false => self.random.signed(),
            });
        let mut steps: Vec<f64> = steps.collect();
        let length = steps.iter().map(|s| s * s).sum::<f64>().sqrt();
        if length > 0.0 {
            steps.iter_mut().for_each(|s| *s /= length);
        }
        Direction { range, steps }
    }

    fn value_along(&mut self, direction: &Direction, distance: f64) -> Tensor<f64> {
        self.evaluations += 1;
        let (mut params, mut inputs) = (self.params.clone(), self.inputs.to_vec());
        for slot in &self.slots {
            let part = overlap(&slot.range, &direction.range);
            if part.is_empty() {
                continue;
            }
            let mut x = match slot.source {
                Leaf::Param(_) => params.value_mut(ParamId::new(slot.number)),
                Leaf::Input(_) => inputs[slot.number].view_mut(),
            };
            let steps = &direction.steps[part.start - direction.range.start..][..part.len()];
            let moved = x.iter_mut().skip(part.start - slot.range.start);
            moved.zip(steps).for_each(|(x, step)| *x += distance * step);
        }
        no_grad(&params, |tape, params| {
            let inputs: Vec<_> = inputs.into_iter().map(|x| tape.constant(x)).collect();
            (self.f)(tape, params, &inputs).value()
        })
    }

    /// Computes central differences for two steps, the larger being `fraction` of the check's step,
    /// and extrapolates them to a step of 0.
    pub fn differences(&mut self, direction: &Direction, fraction: f64) -> Differences {
        let step = self.check.step * fraction;
        let [far_up, up, down, far_down] = [step, step / 2.0, -step / 2.0, -step]
            .map(|distance| self.value_along(direction, distance));
        // Subtract before summing: elements that don't change then add no rounding error.
        let rise = |from: &Tensor<f64>, to: &Tensor<f64>| ((to - from) * &self.projection).sum();
        let far = rise(&far_down, &far_up) / (2.0 * step);
        let near = rise(&down, &up) / step;
        let bend =
            |down: &Tensor<f64>, up: &Tensor<f64>| rise(&self.value, up) - rise(down, &self.value);
        // The second difference is proportional to the square of the step for a smooth function,
        // but to the step at a kink.
        let jump = (4.0 * bend(&down, &up) - bend(&far_down, &far_up)).abs() / step;

        // A slope below the resolution of the value doesn't move it.
        let rounding = |(((up, down), y), weight): (((&f64, &f64), &f64), &f64)| match up == down {
            true => f64::EPSILON * (y * weight).abs(),
            false => ROUNDING * (up * weight).abs(),
        };
        let outputs = far_up.iter().zip(&far_down).zip(&self.value);
        let rounding: f64 = outputs.zip(&self.projection).map(rounding).sum();
        let parts = || {
            let gradient = &self.gradient[direction.range.clone()];
            gradient.iter().zip(&direction.steps).map(|(g, d)| g * d)
        };
        // The error decreases with the square of the step, but only linearly if the slope itself
        // has a kink.
        let analytic: f64 = parts().sum();
        let [smooth, kinked] = [(4.0 * near - far) / 3.0, 2.0 * near - far];
        let nearer = 2.0 * (kinked - analytic).abs() < (smooth - analytic).abs();
        let numeric = if nearer { kinked } else { smooth };
        let noise = rounding / step;
        // Next to a kink of the slope, neither extrapolation is exact.
        let inexact = if fraction <= FINEST {
            (far - near).abs()
        } else {
            0.0
        };
        let excused = inexact + excuse(far, near, self.check.tolerance);
        let parts: f64 = parts().map(f64::abs).sum();
        Differences {
            analytic,
            numeric,
            step,
            jump,
            noise,
            scale: parts + numeric.abs() + (noise + excused) / self.check.tolerance,
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// Returns the index of the element at `position` in logical order.
pub fn index(mut position: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let i = position % size;
            position /= size;
            i
        })
        .collect();
    index.reverse();
    index
}
