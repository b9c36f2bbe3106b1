//! The sigmoid linear unit.

use tapeline_tensor::math;

use super::pointwise;
use crate::LayerDef;

/// `x / (1 + e⁻ˣ)`. (`torch.nn.SiLU`; Elfwing et al. 2018)
pub const SILU: LayerDef = LayerDef {
    name: "silu",
    about: "sigmoid linear unit, x times the sigmoid of x",
    examples: &[("silu", &[7]), ("silu", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "silu",
                #[inline(always)]
                |x| x * math::sigmoid(x),
                #[inline(always)]
                |g, x| {
                    let share = math::sigmoid(x);
                    g * (share + x * share * (1.0 - share))
                },
            ),
            |graph, x| {
                let share = graph.node("Sigmoid", &[x]);
                graph.node("Mul", &[x, share])
            }
        )))
    },
    ..LayerDef::BASE
};
