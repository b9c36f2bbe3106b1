//! Compares the shares that a rule returns with the slopes of the operation's value.

use super::{
    problem::{ROUNDING, SMALL},
    recording::Moves,
};
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

/// Rounding error of a sum of many terms, relative to the sum of their absolute values.
const SUMMATION: f64 = 1e-14;

/// The slope of one output of an operation.
pub struct Slope {
    /// Extrapolated for a function that is smooth here.
    smooth: f64,
    /// Extrapolated for a function whose slope has a kink here.
    kinked: f64,
    /// Rounding error.
    noise: f64,
    /// Estimated distance from the limit, if it is resolved.
    doubt: f64,
    /// Difference between the slopes of the two steps, plus that between the two sides.
    jump: f64,
    /// Whether the two steps and the two sides agree.
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
}

impl Verdict {
    /// Returns the relative error, excluding rounding.
    pub fn relative(&self, tolerance: f64) -> f64 {
        tolerance * self.error / self.loose
    }
}

/// The shares of one operation, with the slopes of its value.
pub struct Seen<'s> {
    pub node: &'s Recorded<f64>,
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
        if !slope.resolved {
            noise += g.abs() * slope.jump;
        }
    }
    // The error decreases with the square of the step, but only linearly if the slope itself has a
    // kink.
    let nearer = 2.0 * (kinked - analytic).abs() < (smooth - analytic).abs();
    let numeric = if nearer { kinked } else { smooth };
    let loose = tolerance * (parts + numeric.abs() + SMALL) + noise;
    Verdict {
        analytic,
        numeric,
        error: (numeric - analytic).abs(),
        tight: loose.min(noise + doubt + SUMMATION * parts),
        loose,
    }
}

/// Computes the slope of an output from its values at −`step`, −`step`/2, 0, `step`/2 and `step`.
pub fn slope([far_down, down, here, up, far_up]: [f64; 5], step: f64) -> Slope {
    let (far, near) = ((far_up - far_down) / (2.0 * step), (up - down) / step);
    let moves = far_up != here || far_down != here || up != here || down != here;
    let noise = match moves {
        true => ROUNDING * here.abs().max(far_up.abs()) / step,
        false => 0.0,
    };
    // The second difference is proportional to the square of the step for a smooth function, but to
    // the step at a kink.
    let bend = |down: f64, up: f64| (up - here) - (here - down);
    let sides = (4.0 * bend(down, up) - bend(far_down, far_up)).abs() / step;
    let steps = (far - near).abs();
    let limit = RESOLVED * (near.abs() + far.abs() + SMALL) + noise;
    Slope {
        smooth: (4.0 * near - far) / 3.0,
        kinked: 2.0 * near - far,
        noise,
        doubt: REMAINDER * steps,
        jump: steps + sides,
        resolved: steps <= limit && sides <= limit,
    }
}
