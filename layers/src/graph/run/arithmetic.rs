//! Arithmetic of elements, comparison, and means.

use ndarray::{ArrayView1, Axis, Zip};
use tapeline_tensor::Tensor;

use super::{
    broadcast::{common, pairwise, spread},
    operands::{Operands, Output, Value},
};

/// `a + b`
pub fn add(on: &Operands<'_>) -> Output {
    of_pairs(on, |a, b| a + b)
}

/// `a · b`
pub fn mul(on: &Operands<'_>) -> Output {
    of_pairs(on, |a, b| a * b)
}

/// `a / b`
pub fn div(on: &Operands<'_>) -> Output {
    of_pairs(on, |a, b| a / b)
}

fn of_pairs(on: &Operands<'_>, f: impl Fn(f64, f64) -> f64) -> Output {
    Ok(pairwise(on.numbers(0)?, on.numbers(1)?, f)?.into())
}

/// `a > b`
pub fn greater(on: &Operands<'_>) -> Output {
    let flags = pairwise(on.numbers(0)?, on.numbers(1)?, |a, b| a > b)?;
    Ok(Value::Flags(flags.into_shared()))
}

/// `x₀ + x₁ + …`
pub fn sum(on: &Operands<'_>) -> Output {
    let all = on.all()?;
    let mut sum = all[0].clone();
    for x in &all[1..] {
        sum = pairwise(&sum, x, |a, b| a + b)?.into_shared();
    }
    Ok(sum.into())
}

/// `−x`
pub fn neg(on: &Operands<'_>) -> Output {
    Ok(on.numbers(0)?.mapv(|x| -x).into())
}

/// `√x`
pub fn sqrt(on: &Operands<'_>) -> Output {
    Ok(on.numbers(0)?.mapv(f64::sqrt).into())
}

/// The second input where the first one is true, and the third one elsewhere.
pub fn select(on: &Operands<'_>) -> Output {
    let (flags, a, b) = (on.flags(0)?, on.numbers(1)?, on.numbers(2)?);
    let shape = common(&[flags.shape(), a.shape(), b.shape()])?;
    let parts = Zip::from(spread(flags, &shape)?)
        .and(spread(a, &shape)?)
        .and(spread(b, &shape)?);
    Ok(parts
        .map_collect(|&flag, &a, &b| if flag { a } else { b })
        .into())
}

/// The mean over the axes given by the second input; over all axes if there are none.
pub fn reduce_mean(on: &Operands<'_>) -> Output {
    reduce(on, |values| values.sum() / values.len() as f64)
}

/// The maximum over the axes given by the second input; over all axes if there are none.
pub fn reduce_max(on: &Operands<'_>) -> Output {
    reduce(on, |values| {
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    })
}

/// Reduces one axis after another with `f`.
fn reduce(on: &Operands<'_>, f: impl Fn(ArrayView1<'_, f64>) -> f64) -> Output {
    let x = on.numbers(0)?;
    let mut axes = on.sizes(1)?.unwrap_or_default().to_vec();
    if axes.is_empty() {
        if on.size_named("noop_with_empty_axes") != 0 {
            return Ok(x.clone().into());
        }
        axes = (0..x.ndim()).collect();
    }
    axes.sort_unstable();
    if axes.last().is_some_and(|&axis| axis >= x.ndim()) || axes.windows(2).any(|w| w[0] == w[1]) {
        let shape = x.shape();
        return Err(format!(
            "{axes:?} are not axes of an input of shape {shape:?}"
        ));
    }
    let mut reduced: Tensor<f64> = x.clone();
    for &axis in axes.iter().rev() {
        reduced = reduced.map_axis(Axis(axis), &f).into_shared();
        if on.size_named("keepdims") != 0 {
            reduced = reduced.insert_axis(Axis(axis));
        }
    }
    Ok(reduced.into())
}
