//! Softplus, a smooth approximation of the rectified linear unit.

use tapeline_spec::Arg;
use tapeline_tensor::{Scalar, Var, math};

use super::pointwise;
use crate::{Graph, GraphValue, LayerDef};

const BETA: Arg<f64> = Arg::new("beta", "sharpness of the bend")
    .default(1.0)
    .above(0.0)
    .tried(0.5..=3.0);
const THRESHOLD: Arg<f64> =
    Arg::new("threshold", "value of beta · x above which the output is x").default(20.0);

/// `ln(1 + e^βx) / β`, or `x` where `βx > threshold`. (`torch.nn.Softplus`)
pub const SOFTPLUS: LayerDef = LayerDef {
    name: "softplus",
    about: "smooth approximation of max(x, 0)",
    args: &[BETA.info(), THRESHOLD.info()],
    examples: &[
        ("softplus", &[7]),
        ("softplus(beta=2, threshold=30)", &[2, 3, 4]),
    ],
    build: |args, build| {
        let (beta, threshold) = (args.get(BETA), args.get(THRESHOLD));
        Ok(build.same_shape(pointwise!(
            move |x| scaled(x, beta, threshold),
            move |graph, x| nodes(graph, x, beta, threshold),
        )))
    },
    ..LayerDef::BASE
};

fn scaled<T: Scalar>(x: Var<'_, T>, beta: f64, threshold: f64) -> Var<'_, T> {
    let (beta, threshold) = (T::of(beta), T::of(threshold));
    x.map(
        "softplus",
        #[inline(always)]
        move |x: T| match x * beta {
            z if z > threshold => x,
            z => math::softplus(z) / beta,
        },
        #[inline(always)]
        move |g: T, x: T| match x * beta {
            z if z > threshold => g,
            z => g * math::sigmoid(z),
        },
    )
}

fn nodes(graph: &mut Graph, x: GraphValue, beta: f64, threshold: f64) -> GraphValue {
    let [beta, threshold] = [beta, threshold].map(|number| graph.number(number));
    let z = graph.node("Mul", &[x, beta]);
    let bent = graph.node("Softplus", &[z]);
    let bent = graph.node("Div", &[bent, beta]);
    let above = graph.node("Greater", &[z, threshold]);
    graph.node("Where", &[above, x, bent])
}
