//! Normalization.

use ndarray::{ArrayD, ArrayViewMut1};
use tapeline_tensor::Tensor;

use super::{
    broadcast::spread,
    operands::{Operands, Output},
};

/// `(x − mean) / √(var + epsilon) · scale + bias` by channel, with the inputs `x`, `scale`, `bias`,
/// `mean` and `var`.
pub fn batch(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let mut y = x.to_owned();
    let [scale, bias, mean, var] = [1, 2, 3, 4].map(|i| by_channel(on, i, x));
    let (scale, bias, mean, var) = (scale?, bias?, mean?, var?);
    let epsilon = on.number_named("epsilon");
    for (place, y) in y.indexed_iter_mut() {
        let channel = place[1];
        let normal = (*y - mean[channel]) / (var[channel] + epsilon).sqrt();
        *y = normal * scale[channel] + bias[channel];
    }
    Ok(y.into())
}

/// `(x − mean) / √(var + epsilon) · scale + bias`, with the mean and variance of each channel of
/// each sample.
pub fn instance(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let (scale, bias) = (by_channel(on, 1, x)?, by_channel(on, 2, x)?);
    let mut y = standardized(x, 2, on.number_named("epsilon"))?;
    for (place, y) in y.indexed_iter_mut() {
        *y = *y * scale[place[1]] + bias[place[1]];
    }
    Ok(y.into())
}

/// `(x − mean) / √(var + epsilon) · scale + bias`, with the mean and variance over `axis` and those
/// after it. `scale` and `bias` are broadcast to `x`.
pub fn layer(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let axis = on.axis(x.ndim())?;
    let mut y = standardized(x, axis, on.number_named("epsilon"))?;
    let scale = spread(on.numbers(1)?, x.shape())?;
    y.zip_mut_with(&scale, |y, scale| *y *= scale);
    if let Some(bias) = on.optional(2)? {
        y.zip_mut_with(&spread(bias, x.shape())?, |y, bias| *y += bias);
    }
    Ok(y.into())
}

/// Returns input `i`, which must have one value for each channel of `x`.
fn by_channel(on: &Operands<'_>, i: usize, x: &Tensor<f64>) -> Result<Vec<f64>, String> {
    let &[_, channels, ..] = x.shape() else {
        return Err(format!(
            "expected an input [n, channels, …], got shape {:?}",
            x.shape()
        ));
    };
    let values = on.numbers(i)?;
    match values.shape() == [channels] {
        true => Ok(values.iter().copied().collect()),
        false => {
            let shape = values.shape();
            Err(format!(
                "input {i} must have shape [{channels}], but has {shape:?}"
            ))
        }
    }
}

/// Computes `(x − mean) / √(var + epsilon)`, with the mean and variance over `axis` and those after
/// it.
fn standardized(x: &Tensor<f64>, axis: usize, epsilon: f64) -> Result<ArrayD<f64>, String> {
    let (outer, inner) = x.shape().split_at(axis);
    let rows = (
        outer.iter().product::<usize>(),
        inner.iter().product::<usize>(),
    );
    let rows = x.to_shape(rows).map_err(|e| e.to_string())?;
    let mut y = rows.to_owned();
    y.rows_mut()
        .into_iter()
        .for_each(|row| standardize(row, epsilon));
    let y = y.to_shape(x.shape()).map_err(|e| e.to_string())?;
    Ok(y.to_owned())
}

fn standardize(mut row: ArrayViewMut1<'_, f64>, epsilon: f64) {
    let count = row.len() as f64;
    let mean = row.sum() / count;
    let var = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    row.mapv_inplace(|x| (x - mean) / (var + epsilon).sqrt());
}
