//! Regularization layers. In evaluation, all of them are the identity.

pub mod alpha_dropout;
pub mod drop_path;
pub mod dropout;
pub mod dropout2d;
pub mod gaussian_noise;

use rand::Rng;
use tapeline_spec::Arg;
use tapeline_tensor::{Tensor, Var, buffer::Buffer};

use crate::{Ctx, Element, Stream};

const P: Arg<f64> = Arg::new("p", "drop probability")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// Samples a mask: zeros with probability `p`, ones otherwise.
fn ones<T: Element>(cx: &Ctx<'_, '_, T>, stream: Stream, shape: &[usize], p: f64) -> Tensor<T> {
    let mut rng = cx.rng(stream);
    let p = p as f32;
    filled(shape, || {
        if p >= 1.0 || rng.random::<f32>() < p {
            T::zero()
        } else {
            T::one()
        }
    })
}

/// Fills a recycled buffer with values, in row-major order.
fn filled<T: Element>(shape: &[usize], value: impl FnMut() -> T) -> Tensor<T> {
    let mut values = Buffer::any(shape.iter().product());
    values.fill_with(value);
    values.into_tensor(shape)
}

/// Multiplies `x` by a random mask of `shape`, which is broadcast over `x`: zeros with probability
/// `p`, otherwise the factor that preserves the mean.
fn masked<'t, T: Element>(
    cx: &Ctx<'t, '_, T>,
    stream: Stream,
    x: Var<'t, T>,
    shape: &[usize],
    p: f64,
) -> Var<'t, T> {
    if !cx.training() || p == 0.0 {
        return x;
    }
    let kept = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
    let mask = ones(cx, stream, shape, p) * T::of(kept);
    x * cx.tape().constant(mask.into_shared())
}
