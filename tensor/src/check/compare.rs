//! Compares the shares that a rule returns with the slopes of the operation's value.

use super::{recording::Moves, slope::Total};
use crate::{Tensor, tape::Share};

/// Maximum difference between the slopes of two steps, relative to their size, for a small derivative
/// to count as known.
const KNOWN: f64 = 1e-3;

/// Maximum error that the difference between the slopes of two steps explains, relative to it: the
/// larger step has an eighth of the rounding error.
const SCATTER: f64 = 8.0;

/// Derivatives below this count as 0 unless they are known.
const SMALL: f64 = 1e-4;

/// Derivatives below this are not measured by how much error they allow.
const MEASURABLE: f64 = 1e-4;

/// Rounding error of a sum of many terms, relative to the sum of their absolute values.
const SUMMATION: f64 = 1e-14;

/// The comparison of a rule with slopes.
pub struct Verdict {
    pub analytic: f64,
    pub numeric: f64,
    pub error: f64,
    /// An error above this is investigated.
    pub tight: f64,
    /// An error above this is reported.
    pub loose: f64,
    /// The part of it that rounding explains.
    pub rounding: f64,
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
    /// The shares of the gradient `g`, all of one operation.
    pub shares: &'s [Share<f64>],
    pub g: &'s Tensor<f64>,
    /// The direction in which the parents are perturbed, and the step.
    pub moves: &'s Moves,
    pub step: f64,
    /// The slopes, weighted with `g`.
    pub total: Total,
    pub tolerance: f64,
}

impl Seen<'_> {
    /// Returns `true` if the check compares this share here.
    pub fn compares(&self, share: &Share<f64>) -> bool {
        self.moves[share.parent].is_some()
    }

    /// Compares shares with the slopes.
    pub fn verdict(&self, shares: &[Share<f64>]) -> Verdict {
        let mut products = (0.0, 0.0);
        for share in shares {
            if let Some(moves) = &self.moves[share.parent] {
                let each = share.value.iter().zip(moves).map(|(s, d)| s * d);
                each.for_each(|p| add(&mut products, p));
            }
        }
        verdict(products, &self.total, self.tolerance)
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

/// Returns whether the slopes of successive steps differ so much that they don't show an error.
///
/// The estimate of rounding errors covers those of the result, not those that a function amplifies
/// before: normalization of nearly equal values may lose most of their digits.
pub fn undetermined(slopes: impl Iterator<Item = f64>, error: f64) -> bool {
    let slopes: Vec<f64> = slopes.collect();
    let apart = slopes.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    error.is_finite() && error <= SCATTER * apart.fold(f64::INFINITY, f64::min)
}

/// Adds a product to a sum, and its absolute value to a sum of absolute values.
pub fn add((sum, parts): &mut (f64, f64), product: f64) {
    *sum += product;
    *parts += product.abs();
}

/// Compares the sum of the products `s·d`, given with the sum of their absolute values, with that
/// of `g·dy`.
pub fn verdict((analytic, parts): (f64, f64), total: &Total, tolerance: f64) -> Verdict {
    let &Total {
        smooth,
        kinked,
        noise,
        doubt,
    } = total;
    // The error decreases with the square of the step, but only linearly if the slope itself has a
    // kink.
    let nearer = 2.0 * (kinked - analytic).abs() < (smooth - analytic).abs();
    let numeric = if nearer { kinked } else { smooth };
    let size = parts + numeric.abs();
    let near = 1.5 * smooth - 0.5 * kinked;
    let rounding = noise + excuse(2.0 * near - kinked, near, tolerance);
    let loose = tolerance * size + rounding;
    Verdict {
        analytic,
        numeric,
        error: (numeric - analytic).abs(),
        tight: loose.min(noise + doubt + SUMMATION * parts),
        loose,
        rounding,
        size,
    }
}
