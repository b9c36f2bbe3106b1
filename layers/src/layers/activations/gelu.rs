//! The Gaussian error linear unit.

use std::f64::consts::FRAC_2_PI;

use tapeline_spec::Arg;
use tapeline_tensor::{Scalar, Var, math};

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
                true => x.map(
                    "gelu",
                    #[inline(always)]
                    |x| by_tanh(x)[0],
                    #[inline(always)]
                    |g, x| g * by_tanh(x)[1]
                ),
                false => gelu(x),
            },
            move |graph, x| graph.node_with("Gelu", &[x], &[("approximate", approximate.into())])
        )))
    },
    ..LayerDef::BASE
};

/// Computes `x Φ(x)`.
pub(super) fn gelu<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    x.map(
        "gelu",
        #[inline(always)]
        |x| by_distribution(x)[0],
        #[inline(always)]
        |g, x| g * by_distribution(x)[1],
    )
}

/// Returns the value and the derivative.
#[inline(always)]
fn by_distribution<T: Scalar>(x: T) -> [T; 2] {
    let [share, density] = math::normal(x);
    [x * share, share + x * density]
}

/// Returns the value and the derivative of the tanh approximation.
#[inline(always)]
fn by_tanh<T: Scalar>(x: T) -> [T; 2] {
    let (one, half) = (T::one(), T::of(0.5));
    let (scale, cubic) = (T::of(FRAC_2_PI.sqrt()), T::of(0.044715));
    let square = x * x;
    let tanh = math::tanh(scale * (x + cubic * x * square));
    let slope = (one - tanh * tanh) * scale * (one + T::of(3.0) * cubic * square);
    [half * x * (one + tanh), half * (one + tanh + x * slope)]
}
