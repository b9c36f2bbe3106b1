//! Compares the shares that a rule returns with the slopes of the operation's value.

use super::{problem::ROUNDING, recording::Moves};
use crate::{
    Tensor,
    tape::{Recorded, Share},
};

/// Maximum difference between the slopes of two steps, relative to their size, for the limit to
/// count as resolved.
const RESOLVED: f64 = 1e-5;

/// Estimated error of a slope extrapolated to a step of 0, relative to the difference of the two
/// slopes it is extrapolated from. Generous for a smooth function.
const REMAINDER: f64 = 1e-3;

/// Maximum difference between the slopes of two steps, relative to their size, for a small derivative
/// to count as known.
const KNOWN: f64 = 1e-3;

/// Derivatives below this count as 0 unless they are known.
const SMALL: f64 = 1e-4;

/// Derivatives below this are not measured by how much error they allow.
const MEASURABLE: f64 = 1e-4;

/// Rounding error of a sum of many terms, relative to the sum of their absolute values.
const SUMMATION: f64 = 1e-14;

/// Maximum difference between the slopes of two steps for an output near zero, whose relative
/// differences mean nothing.
const NEGLIGIBLE: f64 = 1e-9;

/// The slope of one output of an operation.
pub struct Slope {
    /// Extrapolated for a function that is smooth here.
    smooth: f64,
    /// Extrapolated for a function whose slope has a kink here.
    kinked: f64,
    /// Slopes on the two sides: below and above.
    pub sides: [f64; 2],
    /// Rounding error.
    pub noise: f64,
    /// Estimated distance from the limit, if it is resolved.
    doubt: f64,
    /// Difference between the slopes of the two steps.
    pub steps: f64,
    /// Error that the two steps and the two sides can't exclude, because they differ by more than
    /// [`RESOLVED`].
    unknown: f64,
    /// Whether the two steps and the two sides agree, or differ by a negligible amount.
    pub resolved: bool,
}

/// The comparison of a rule with slopes.
pub struct Verdict {
    pub analytic: f64,
    pub numeric: f64,
    pub error: f64,
    /// An error above this is investigated.
    pub tight: f64,
    /// An error above this is reported.
    pub loose: f64,
    /// Sum of absolute terms of the derivative.
    pub size: f64,
}

impl Verdict {
    /// Returns the error relative to the derivative, excluding rounding.
    pub fn relative(&self, tolerance: f64) -> f64 {
        match self.error {
            0.0 => 0.0,
            error => tolerance * error / self.loose,
        }
    }

    /// Returns the error that would pass, relative to the derivative; 0 if there is no derivative to
    /// compare with.
    pub fn allowed(&self) -> f64 {
        match self.size > MEASURABLE {
            true => self.loose / self.size,
            false => 0.0,
        }
    }
}

/// The shares of one operation, with the slopes of its value.
pub struct Seen<'s> {
    /// All recorded operations, and the index of this one.
    pub nodes: &'s [Recorded<f64>],
    pub id: usize,
    pub shares: &'s [Share<f64>],
    pub moves: &'s Moves,
    pub slopes: &'s [Slope],
    pub g: &'s Tensor<f64>,
    pub tolerance: f64,
}

impl Seen<'_> {
    /// Returns `true` if the check compares this share here.
    pub fn compares(&self, share: &Share<f64>) -> bool {
        self.moves[share.parent].is_some()
    }

    /// Returns `true` if the check would notice that the share at a position is replaced by
    /// another.
    pub fn notices(&self, position: usize, mutated: Option<&Tensor<f64>>) -> bool {
        let verdict = self.verdict(|share| match share.position == position {
            true => mutated,
            false => Some(&share.value),
        });
        verdict.error > verdict.loose
    }

    /// Compares the slopes with what `value` returns for each share.
    pub fn verdict<'t>(&self, value: impl Fn(&'t Share<f64>) -> Option<&'t Tensor<f64>>) -> Verdict
    where
        Self: 't,
    {
        let mut products = (0.0, 0.0);
        for share in self.shares {
            if let (Some(moves), Some(value)) = (&self.moves[share.parent], value(share)) {
                let each = value.iter().zip(moves).map(|(s, d)| s * d);
                each.for_each(|p| add(&mut products, p));
            }
        }
        verdict(products, self.slopes, self.g, self.tolerance)
    }
}

/// Returns the absolute error that is excused in a derivative near zero, where the value and the
/// rule may lose all their digits to cancellation.
///
/// If the slopes of the two steps agree, the derivative is known, however small it is. An absolute
/// tolerance would then pass any error of a function that is small everywhere.
pub fn excuse(far: f64, near: f64, tolerance: f64) -> f64 {
    match near != 0.0 && (far - near).abs() <= KNOWN * near.abs() {
        true => 0.0,
        false => SMALL * tolerance,
    }
}

/// Adds a product to a sum, and its absolute value to a sum of absolute values.
pub fn add((sum, parts): &mut (f64, f64), product: f64) {
    *sum += product;
    *parts += product.abs();
}

/// Compares the sum of the products `s·d`, given with the sum of their absolute values, with that
/// of `g·dy`.
pub fn verdict(
    (analytic, parts): (f64, f64),
    slopes: &[Slope],
    g: &Tensor<f64>,
    tolerance: f64,
) -> Verdict {
    let (mut smooth, mut kinked, mut noise, mut doubt) = (0.0, 0.0, 0.0, 0.0);
    for (slope, &g) in slopes.iter().zip(g).filter(|(_, g)| **g != 0.0) {
        smooth += g * slope.smooth;
        kinked += g * slope.kinked;
        noise += g.abs() * slope.noise;
        doubt += g.abs() * slope.doubt;
        noise += g.abs() * slope.unknown;
    }
    // The error decreases with the square of the step, but only linearly if the slope itself has a
    // kink.
    let nearer = 2.0 * (kinked - analytic).abs() < (smooth - analytic).abs();
    let numeric = if nearer { kinked } else { smooth };
    let size = parts + numeric.abs();
    let near = 1.5 * smooth - 0.5 * kinked;
    let loose = tolerance * size + noise + excuse(2.0 * near - kinked, near, tolerance);
    Verdict {
        analytic,
        numeric,
        error: (numeric - analytic).abs(),
        tight: loose.min(noise + doubt + SUMMATION * parts),
        loose,
        size,
    }
}

/// Computes the slope of an output from its values at −`step`, −`step`/2, 0, `step`/2 and `step`.
pub fn slope([far_down, down, here, up, far_up]: [f64; 5], step: f64) -> Slope {
    let (far, near) = ((far_up - far_down) / (2.0 * step), (up - down) / step);
    let moves = far_up != here || far_down != here || up != here || down != here;
    // A slope below the resolution of the value doesn't move it.
    let noise = match moves {
        true => ROUNDING * here.abs().max(far_up.abs()) / step,
        false => f64::EPSILON * here.abs() / step,
    };
    // The second difference is proportional to the square of the step for a smooth function, but to
    // the step at a kink.
    let bend = |down: f64, up: f64| (up - here) - (here - down);
    let sides = (4.0 * bend(down, up) - bend(far_down, far_up)).abs() / step;
    let steps = (far - near).abs();
    let within = |limit: f64| steps <= limit && sides <= limit;
    let limit = RESOLVED * (near.abs() + far.abs()) + noise;
    let unknown = match within(limit) {
        true => 0.0,
        false => steps + sides,
    };
    // Extrapolated, so that curvature doesn't count as a difference of the two sides.
    let side = |far: f64, near: f64| (4.0 * (near - here) - (far - here)) / step;
    Slope {
        smooth: (4.0 * near - far) / 3.0,
        kinked: 2.0 * near - far,
        sides: [-side(far_down, down), side(far_up, up)],
        noise,
        doubt: REMAINDER * steps,
        steps,
        unknown,
        resolved: within(limit + NEGLIGIBLE),
    }
}
