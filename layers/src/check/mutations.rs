//! Mutations of gradient rules: mistakes that authors make.

use ndarray::Axis;
use tapeline_tensor::{Tensor, check::Mutation};

/// All mutations, with their names.
pub const MUTATIONS: [(&str, Mutation); 14] = [
    ("scaled by 1.01", |_, g| Some(g * WRONG)),
    ("of the wrong sign", |_, g| Some(-g)),
    ("dropped", |_, _| None),
    ("with two dimensions swapped", |_, g| {
        Some(dimensions_swapped(g))
    }),
    ("transposed in memory", |_, g| Some(transposed(&g))),
    ("shifted by one element", |_, g| Some(shifted(g, 1))),
    ("shifted by one row", |_, g| Some(shifted(g, 2))),
    ("wrong but for the first sample", |_, g| {
        Some(wrong_after_the_first(g))
    }),
    ("wrong in strided memory", |x, g| {
        Some(if x.is_standard_layout() { g } else { g * WRONG })
    }),
    ("wrong where abs(x) < 0.1", |x, g| {
        Some(wrong_where(x, g, |x| x < 0.1))
    }),
    ("wrong where abs(x) > 1", |x, g| {
        Some(wrong_where(x, g, |x| x > 1.0))
    }),
    ("wrong where abs(x) > 5", |x, g| {
        Some(wrong_where(x, g, |x| x > 5.0))
    }),
    ("wrong where abs(x) > 20", |x, g| {
        Some(wrong_where(x, g, |x| x > 20.0))
    }),
    ("wrong where abs(x) > 50", |x, g| {
        Some(wrong_where(x, g, |x| x > 50.0))
    }),
];

/// The factor of a gradient that is wrong by one percent.
const WRONG: f64 = 1.01;

/// Multiplies the gradient by [`WRONG`] where the absolute value of `x` fulfils a condition.
fn wrong_where(x: &Tensor<f64>, mut g: Tensor<f64>, condition: fn(f64) -> bool) -> Tensor<f64> {
    g.zip_mut_with(x, |g, x| {
        if condition(x.abs()) {
            *g *= WRONG;
        }
    });
    g
}

/// Multiplies the gradient by [`WRONG`] except for the first entry of the first dimension.
fn wrong_after_the_first(mut g: Tensor<f64>) -> Tensor<f64> {
    if g.ndim() > 0 {
        g.outer_iter_mut().skip(1).for_each(|mut g| g *= WRONG);
    }
    g
}

/// Swaps the first two dimensions of equal size.
fn dimensions_swapped(mut g: Tensor<f64>) -> Tensor<f64> {
    let axes: Vec<_> = (0..g.ndim()).filter(|&axis| g.shape()[axis] > 1).collect();
    let pair = axes.iter().enumerate().find_map(|(i, &a)| {
        let b = axes[i + 1..]
            .iter()
            .find(|&&b| g.shape()[a] == g.shape()[b])?;
        Some((a, *b))
    });
    if let Some((a, b)) = pair {
        g.swap_axes(a, b);
    }
    g
}

/// Fills the shape with the elements in column-major order.
fn transposed(g: &Tensor<f64>) -> Tensor<f64> {
    let values = g.t().into_iter().copied();
    let mut out = g.clone();
    out.iter_mut()
        .zip(values)
        .for_each(|(out, value)| *out = value);
    out
}

/// Rotates the elements by one along the `nth` last dimension of several elements.
fn shifted(g: Tensor<f64>, nth: usize) -> Tensor<f64> {
    let mut axes = (0..g.ndim()).rev().filter(|&axis| g.shape()[axis] > 1);
    let Some(axis) = axes.nth(nth - 1) else {
        return g;
    };
    let (first, rest) = g.view().split_at(Axis(axis), 1);
    let shifted = ndarray::concatenate(Axis(axis), &[rest, first]);
    shifted
        .unwrap_or_else(|e| unreachable!("parts of one array: {e}"))
        .into_shared()
}
