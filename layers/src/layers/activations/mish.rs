//! Mish, a smooth, non-monotonic activation.

use tapeline_tensor::math;

use super::pointwise;
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
                |x| x * math::tanh(math::softplus(x)),
                |g, x| {
                    let tanh = math::tanh(math::softplus(x));
                    g * (tanh + x * (1.0 - tanh * tanh) * math::sigmoid(x))
                },
            ),
            |graph, x| graph.node("Mish", &[x])
        )))
    },
    ..LayerDef::BASE
};
