//! Mish, a smooth, non-monotonic activation.

use super::{logistic, pointwise, softplus};
use crate::LayerDef;

/// `x tanh(ln(1 + eˣ))`. (`torch.nn.Mish`; Misra 2019)
pub const MISH: LayerDef = LayerDef {
    name: "mish",
    about: "x times the tanh of the softplus of x",
    examples: &[("mish", &[7]), ("mish", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "mish",
                |x| x * softplus(x).tanh(),
                |g, x| {
                    let tanh = softplus(x).tanh();
                    g * (tanh + x * (1.0 - tanh * tanh) * logistic(x))
                },
            ),
            |graph, x| graph.node("Mish", &[x])
        )))
    },
    ..LayerDef::BASE
};
