//! Memory layouts, which must not matter.

use ndarray::{Axis, Slice};
use tapeline_tensor::{Tensor, value_and_grad};

use super::{
    super::{
        case::{Case, MODES, in_mode},
        inputs::normal,
    },
    Found, near,
};
use crate::{Ctx, Element, Mode};

/// Compares outputs and gradients for inputs in several layouts.
pub fn layouts(case: &Case<'_>) -> Result<Found, String> {
    let x = case.input(3);
    for (name, mode) in MODES {
        let expected = results(case, &x, mode);
        for (layout, x) in [
            ("with gaps in memory", scattered(&x)),
            ("in column-major order", column_major(&x)),
        ] {
            let when = format!("for an input {layout}");
            for ((what, found), (_, expected)) in results(case, &x, mode).iter().zip(&expected) {
                in_mode(name, near(what, &when, found, expected, 1e-12))?;
            }
        }
    }
    Ok(Found::default())
}

/// Returns the output and the gradients of its sum with random weights, with names for messages.
fn results(case: &Case<'_>, x: &Tensor<f64>, mode: Mode) -> Vec<(String, Tensor<f64>)> {
    let params = case.params();
    let (_, grads, value) = value_and_grad(&params, std::slice::from_ref(x), |tape, on_tape, x| {
        let y = case.forward(&Ctx::new(tape, on_tape, mode), x[0]);
        let weights = tape.constant(normal(&y.shape(), 4));
        ((y * weights).sum(), y.value())
    });
    let names = params
        .iter()
        .map(|param| format!("gradient of parameter `{}`", param.name));
    let names = names.chain(["gradient of the input".into()]);
    let grads = names.zip(grads.params.into_iter().chain(grads.inputs));
    let grads = grads.filter_map(|(name, grad)| Some((name, grad?)));
    [("output".into(), value)]
        .into_iter()
        .chain(grads)
        .collect()
}

/// Copies the values into an array with gaps between its elements.
pub fn scattered<T: Element>(x: &Tensor<T>) -> Tensor<T> {
    let doubled: Vec<_> = x.shape().iter().map(|size| 2 * size).collect();
    let mut larger = Tensor::zeros(doubled);
    for axis in 0..larger.ndim() {
        larger.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2));
    }
    larger.assign(x);
    larger
}

/// Copies the values into an array whose first dimension is contiguous.
fn column_major(x: &Tensor<f64>) -> Tensor<f64> {
    let shape: Vec<_> = x.shape().iter().rev().copied().collect();
    let mut out = Tensor::zeros(shape).reversed_axes();
    out.assign(x);
    out
}
