//! The leaky rectified linear unit.

use tapeline_spec::Arg;
use tapeline_tensor::{Scalar, Var};

use super::pointwise;
use crate::LayerDef;

const NEGATIVE_SLOPE: Arg<f64> = Arg::new("negative_slope", "slope for negative x")
    .default(0.01)
    .tried(-0.5..=1.5);

/// `x` if `x > 0`, else `negative_slope · x`; the derivative at 0 is `negative_slope`.
/// (`torch.nn.LeakyReLU`; Maas et al. 2013)
pub const LEAKY_RELU: LayerDef = LayerDef {
    name: "leaky_relu",
    aliases: &["leakyrelu"],
    about: "leaky rectified linear unit, x if x > 0, else negative_slope · x",
    args: &[NEGATIVE_SLOPE.info()],
    examples: &[("leaky_relu", &[7]), ("leaky_relu(0.2)", &[2, 3, 4])],
    build: |args, build| {
        let slope = args.get(NEGATIVE_SLOPE);
        Ok(build.same_shape(pointwise!(
            move |x| leaky_relu(x, slope),
            move |graph, x| graph.node_with("LeakyRelu", &[x], &[("alpha", slope.into())]),
        )))
    },
    ..LayerDef::BASE
};

fn leaky_relu<T: Scalar>(x: Var<'_, T>, slope: f64) -> Var<'_, T> {
    let (zero, slope) = (T::zero(), T::of(slope));
    x.map(
        "leaky_relu",
        move |x| if x > zero { x } else { x * slope },
        move |g, x| if x > zero { g } else { g * slope },
    )
}
