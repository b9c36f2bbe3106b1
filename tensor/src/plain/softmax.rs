//! Softmax and the cross-entropy, element by element.

use ndarray::{ArrayD, Axis, Zip};

use super::{narrow, widen};
use crate::{Scalar, Tensor};

/// `y = eˣ / Σ eˣ` along a dimension.
pub fn softmax<T: Scalar>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    narrow(log_probabilities(x, axis).mapv(f64::exp))
}

/// `dx[i] = Σ g[j] y[j] (δ[i, j] − y[i])` along the dimension.
pub fn softmax_gradient<T: Scalar>(x: &Tensor<T>, axis: usize, g: &Tensor<T>) -> Tensor<T> {
    let y = log_probabilities(x, axis).mapv(f64::exp);
    narrow(along(axis, &y, &widen(g), |y, g, i, j| {
        g[j] * y[j] * (delta(i, j) - y[i])
    }))
}

/// `y = x − ln Σ eˣ` along a dimension.
pub fn log_softmax<T: Scalar>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    narrow(log_probabilities(x, axis))
}

/// `dx[i] = Σ g[j] (δ[i, j] − eʸ[i])` along the dimension.
pub fn log_softmax_gradient<T: Scalar>(x: &Tensor<T>, axis: usize, g: &Tensor<T>) -> Tensor<T> {
    let y = log_probabilities(x, axis);
    narrow(along(axis, &y, &widen(g), |y, g, i, j| {
        g[j] * (delta(i, j) - y[i].exp())
    }))
}

/// Returns the mean over the rows of `−Σ q ln p` and its gradient, `(p − q) / rows`, with `p` the
/// row's softmax and `q` the target: `1 − smoothing` at its class, plus `smoothing` spread evenly
/// over all classes.
pub fn cross_entropy<T: Scalar>(
    logits: &Tensor<T>,
    targets: &[usize],
    smoothing: f64,
) -> (T, Tensor<T>) {
    let log_p = log_probabilities(logits, 1);
    let (rows, classes) = (log_p.shape()[0], log_p.shape()[1]);
    let mut q = ArrayD::from_elem(log_p.shape(), smoothing / classes as f64);
    for (row, &target) in targets.iter().enumerate() {
        q[[row, target]] += 1.0 - smoothing;
    }
    let loss = -(&q * &log_p).sum() / rows as f64;
    let gradient = (log_p.mapv(f64::exp) - q) / rows as f64;
    (T::of(loss), narrow(gradient))
}

fn log_probabilities<T: Scalar>(x: &Tensor<T>, axis: usize) -> ArrayD<f64> {
    let mut x = widen(x);
    for mut lane in x.lanes_mut(Axis(axis)) {
        let max = lane.fold(f64::NEG_INFINITY, |max, &x| max.max(x));
        let sum: f64 = lane.iter().map(|x| (x - max).exp()).sum();
        lane.mapv_inplace(|x| x - max - sum.ln());
    }
    x
}

fn delta(i: usize, j: usize) -> f64 {
    if i == j { 1.0 } else { 0.0 }
}

/// Computes for each line along a dimension, and each `i` of it, the sum over `j` of `f(y, g, i,
/// j)`.
fn along(
    axis: usize,
    y: &ArrayD<f64>,
    g: &ArrayD<f64>,
    f: impl Fn(&[f64], &[f64], usize, usize) -> f64,
) -> ArrayD<f64> {
    let mut out = ArrayD::zeros(y.shape());
    Zip::from(out.lanes_mut(Axis(axis)))
        .and(y.lanes(Axis(axis)))
        .and(g.lanes(Axis(axis)))
        .for_each(|mut out, y, g| {
            let (y, g) = (y.to_vec(), g.to_vec());
            for (i, out) in out.iter_mut().enumerate() {
                *out = (0..y.len()).map(|j| f(&y, &g, i, j)).sum();
            }
        });
    out
}
