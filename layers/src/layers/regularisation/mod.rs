//! What keeps a network from learning its data by heart; in evaluation, all are the identity.

pub mod alpha_dropout;
pub mod drop_path;
pub mod dropout;
pub mod dropout2d;
pub mod gaussian_noise;

use rand::Rng;
use tapeline_spec::Arg;
use tapeline_tensor::{Tensor, Var};

use crate::{Ctx, Element, Stream};

const P: Arg<f64> = Arg::new("p", "probability of dropping a value")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// Zeros with probability `p`, else ones.
fn ones<T: Element>(cx: &Ctx<'_, '_, T>, stream: Stream, shape: &[usize], p: f64) -> Tensor<T> {
    let mut rng = cx.rng(stream);
    let p = p as f32;
    Tensor::from_shape_simple_fn(shape, || {
        if p >= 1.0 || rng.random::<f32>() < p {
            T::zero()
        } else {
            T::one()
        }
    })
}

/// `x` times zeros with probability `p`, and what keeps the mean else; the mask's `shape` is stretched over `x`.
fn drop<'t, T: Element>(
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
