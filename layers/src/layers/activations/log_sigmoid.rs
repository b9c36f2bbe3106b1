//! The logarithm of the sigmoid.

use tapeline_tensor::math;

use super::pointwise;
use crate::LayerDef;

/// `ln(1 / (1 + e⁻ˣ))`, without overflow. (`torch.nn.LogSigmoid`)
pub const LOG_SIGMOID: LayerDef = LayerDef {
    name: "log_sigmoid",
    aliases: &["logsigmoid"],
    about: "logarithm of the sigmoid",
    examples: &[("log_sigmoid", &[7]), ("log_sigmoid", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "log_sigmoid",
                #[inline(always)]
                |x| -math::softplus(-x),
                #[inline(always)]
                |g, x| g * math::sigmoid(-x),
            ),
            |graph, x| {
                let minus = graph.node("Neg", &[x]);
                let y = graph.node("Softplus", &[minus]);
                graph.node("Neg", &[y])
            }
        )))
    },
    ..LayerDef::BASE
};
