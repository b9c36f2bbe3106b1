//! The Gaussian error linear unit.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, PI};

use tapeline_spec::Arg;
use tapeline_tensor::Scalar;

use super::pointwise;
use crate::LayerDef;

const APPROXIMATE: Arg<&str> =
    Arg::new("approximate", "approximation of the distribution function")
        .choices(&["none", "tanh"])
        .default("none");

/// `x Φ(x)`, with `Φ` the distribution function of the standard normal distribution.
/// `approximate=tanh` computes `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))` instead.
/// (`torch.nn.GELU`; Hendrycks, Gimpel 2016)
pub const GELU: LayerDef = LayerDef {
    name: "gelu",
    about: "Gaussian error linear unit, x times the normal distribution function of x",
    args: &[APPROXIMATE.info()],
    examples: &[("gelu", &[7]), ("gelu(approximate=tanh)", &[2, 3, 4])],
    build: |args, build| {
        let approximate = args.get(APPROXIMATE);
        let tanh = approximate == "tanh";
        Ok(build.same_shape(pointwise!(
            move |x| match tanh {
                true => x.map("gelu", |x| by_tanh(x)[0], |g, x| g * by_tanh(x)[1]),
                false => x.map("gelu", |x| by_erf(x)[0], |g, x| g * by_erf(x)[1]),
            },
            move |graph, x| graph.node_with("Gelu", &[x], &[("approximate", approximate.into())])
        )))
    },
    ..LayerDef::BASE
};

/// Returns the value and the derivative.
fn by_erf<T: Scalar>(x: T) -> [T; 2] {
    let x = x.widen();
    let share = 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2));
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    [x * share, share + x * density].map(T::of)
}

/// Returns the value and the derivative of the tanh approximation.
fn by_tanh<T: Scalar>(x: T) -> [T; 2] {
    let x = x.widen();
    let (scale, cubic) = (FRAC_2_PI.sqrt(), 0.044715);
    let tanh = (scale * (x + cubic * x * x * x)).tanh();
    let slope = (1.0 - tanh * tanh) * scale * (1.0 + 3.0 * cubic * x * x);
    [0.5 * x * (1.0 + tanh), 0.5 * (1.0 + tanh + x * slope)].map(T::of)
}
