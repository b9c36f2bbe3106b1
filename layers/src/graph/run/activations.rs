//! Activation functions.

use std::f64::consts::{FRAC_2_PI, FRAC_2_SQRT_PI, SQRT_2};

use ndarray::{ArrayViewMut1, Axis, Zip};

use super::{
    broadcast::spread,
    operands::{Operands, Output},
};

/// `max(0, x)`
pub fn relu(on: &Operands<'_>) -> Output {
    each(on, |x| x.max(0.0))
}

/// `x` if `x ≥ 0`, else `alpha · x`.
pub fn leaky_relu(on: &Operands<'_>) -> Output {
    let alpha = on.number_named("alpha");
    each(on, |x| if x >= 0.0 { x } else { alpha * x })
}

/// `x` if `x ≥ 0`, else `slope · x`, with a slope that is broadcast to `x`.
pub fn prelu(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let slope = spread(on.numbers(1)?, x.shape())?;
    let pairs = Zip::from(x).and(slope);
    Ok(pairs
        .map_collect(|&x, &slope| if x >= 0.0 { x } else { slope * x })
        .into())
}

/// `x` if `x ≥ 0`, else `alpha · (eˣ − 1)`.
pub fn elu(on: &Operands<'_>) -> Output {
    let alpha = on.number_named("alpha");
    each(on, |x| if x >= 0.0 { x } else { alpha * (x.exp() - 1.0) })
}

/// `gamma · x` if `x > 0`, else `gamma · (alpha · eˣ − alpha)`.
pub fn selu(on: &Operands<'_>) -> Output {
    let (alpha, gamma) = (on.number_named("alpha"), on.number_named("gamma"));
    each(on, |x| {
        gamma * if x > 0.0 { x } else { alpha * x.exp() - alpha }
    })
}

/// `1 / (1 + e⁻ˣ)`
pub fn sigmoid(on: &Operands<'_>) -> Output {
    each(on, |x| 1.0 / (1.0 + (-x).exp()))
}

/// The hyperbolic tangent.
pub fn tanh(on: &Operands<'_>) -> Output {
    each(on, f64::tanh)
}

/// `max(0, min(1, alpha · x + beta))`
pub fn hard_sigmoid(on: &Operands<'_>) -> Output {
    let (alpha, beta) = (on.number_named("alpha"), on.number_named("beta"));
    each(on, |x| (alpha * x + beta).clamp(0.0, 1.0))
}

/// `x · max(0, min(1, x/6 + ½))`
pub fn hard_swish(on: &Operands<'_>) -> Output {
    each(on, |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0))
}

/// `ln(1 + eˣ)`
pub fn softplus(on: &Operands<'_>) -> Output {
    each(on, log_one_plus_exp)
}

/// `x / (1 + |x|)`
pub fn softsign(on: &Operands<'_>) -> Output {
    each(on, |x| x / (1.0 + x.abs()))
}

/// `x · tanh(ln(1 + eˣ))`
pub fn mish(on: &Operands<'_>) -> Output {
    each(on, |x| x * log_one_plus_exp(x).tanh())
}

/// `½ x (1 + erf(x/√2))`, or its approximation `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
pub fn gelu(on: &Operands<'_>) -> Output {
    match on.word_named("approximate") {
        "tanh" => each(on, |x| {
            let inner = FRAC_2_PI.sqrt() * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }),
        _ => each(on, |x| 0.5 * x * (1.0 + erf(x / SQRT_2))),
    }
}

/// `x` limited to the minimum and maximum that are the second and third input.
pub fn clip(on: &Operands<'_>) -> Output {
    let end = |i, default| match on.optional(i)? {
        None => Ok(default),
        Some(end) if end.ndim() == 0 => Ok(end.sum()),
        Some(end) => Err(format!(
            "input {i} must be a scalar, but has shape {:?}",
            end.shape()
        )),
    };
    let (min, max) = (end(1, f64::NEG_INFINITY)?, end(2, f64::INFINITY)?);
    each(on, |x| x.max(min).min(max))
}

/// `eˣ / Σ eˣ` along an axis.
pub fn softmax(on: &Operands<'_>) -> Output {
    along_axis(on, |mut lane| {
        let largest = lane.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        lane.mapv_inplace(|x| (x - largest).exp());
        let sum = lane.sum();
        lane.mapv_inplace(|e| e / sum);
    })
}

/// `ln(eˣ / Σ eˣ)` along an axis.
pub fn log_softmax(on: &Operands<'_>) -> Output {
    along_axis(on, |mut lane| {
        let largest = lane.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum = lane.fold(0.0, |sum, x| sum + (x - largest).exp());
        lane.mapv_inplace(|x| x - largest - sum.ln());
    })
}

fn each(on: &Operands<'_>, f: impl Fn(f64) -> f64) -> Output {
    Ok(on.numbers(0)?.mapv(f).into())
}

fn along_axis(on: &Operands<'_>, f: impl FnMut(ArrayViewMut1<'_, f64>)) -> Output {
    let mut x = on.numbers(0)?.to_owned();
    let axis = on.axis(x.ndim())?;
    x.lanes_mut(Axis(axis)).into_iter().for_each(f);
    Ok(x.into())
}

/// Computes `ln(1 + eˣ)` without overflow.
fn log_one_plus_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The error function, as the series `2/√π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1))`. All of its
/// terms have the same sign. (Abramowitz, Stegun 1964, 7.1.6)
fn erf(x: f64) -> f64 {
    // Beyond it, the result is ±1 within rounding.
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut odd) = (x, 0.0, 1.0);
    while sum + term != sum {
        sum += term;
        odd += 2.0;
        term *= 2.0 * x * x / odd;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}
