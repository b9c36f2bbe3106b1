//! Slopes of the outputs of an operation, by finite differences.

use super::problem::ROUNDING;
use crate::Tensor;

/// Maximum difference between the slopes of two steps, relative to their size, for the limit to
/// count as resolved.
const RESOLVED: f64 = 1e-5;

/// Estimated error of a slope extrapolated to a step of 0, relative to the difference of the two
/// slopes it is extrapolated from. Generous for a smooth function.
const REMAINDER: f64 = 1e-3;

/// Maximum difference between the slopes of two steps for an output near zero, whose relative
/// differences mean nothing.
const NEGLIGIBLE: f64 = 1e-9;

/// The slope of one output of an operation.
pub struct Slope {
    /// Extrapolated for a function that is smooth here.
    smooth: f64,
    /// Extrapolated for a function whose slope has a kink here.
    kinked: f64,
    /// The smallest and the largest slope on the two sides; NaN if the value is not finite there.
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

/// Computes the slope of an output from its values at −`step`, −`step`/2, 0, `step`/2 and `step`;
/// `finest` if there is no smaller step.
pub fn slope([far_down, down, here, up, far_up]: [f64; 5], step: f64, finest: bool) -> Slope {
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
    // A kink may be too small to count as one, and next to a kink of the slope, as `softsign` has at
    // 0, neither extrapolation is exact.
    let differs = finest && steps + sides > 10.0 * noise;
    let unknown = match within(limit) && !differs {
        true => 0.0,
        false => steps + sides,
    };
    // The kink may be at a small distance, so that one or both steps cross it.
    let slopes = |far: f64, near: f64, step: f64| [(far - here) / step, 2.0 * (near - here) / step];
    let [below, above] = [slopes(far_down, down, -step), slopes(far_up, up, step)];
    let all = [below[0], below[1], above[0], above[1]];
    let end = |least: fn(f64, f64) -> f64| match all.iter().all(|slope| slope.is_finite()) {
        true => all.into_iter().fold(all[0], least),
        false => f64::NAN,
    };
    Slope {
        smooth: (4.0 * near - far) / 3.0,
        kinked: 2.0 * near - far,
        sides: [end(f64::min), end(f64::max)],
        noise,
        doubt: REMAINDER * steps,
        steps,
        unknown,
        resolved: within(limit + NEGLIGIBLE),
    }
}

/// Slopes of several outputs, weighted with a gradient and added up.
pub struct Total {
    /// Extrapolated for a function that is smooth here.
    pub smooth: f64,
    /// Extrapolated for a function whose slope has a kink here.
    pub kinked: f64,
    /// Rounding error.
    pub noise: f64,
    /// Estimated distance from the limit.
    pub doubt: f64,
}

impl Total {
    /// Adds up the slopes of the outputs that have a gradient.
    pub fn of(slopes: &[Slope], g: &Tensor<f64>) -> Self {
        let (mut smooth, mut kinked, mut noise, mut doubt) = (0.0, 0.0, 0.0, 0.0);
        for (slope, &g) in slopes.iter().zip(g).filter(|(_, g)| **g != 0.0) {
            smooth += g * slope.smooth;
            kinked += g * slope.kinked;
            noise += g.abs() * (slope.noise + slope.unknown);
            doubt += g.abs() * slope.doubt;
        }
        Total {
            smooth,
            kinked,
            noise,
            doubt,
        }
    }
}
