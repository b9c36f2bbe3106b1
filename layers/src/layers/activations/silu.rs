//! The sigmoid linear unit.

use tapeline_tensor::{Scalar, Var, math};

use super::pointwise;
use crate::LayerDef;

/// `x / (1 + e⁻ˣ)`. (`torch.nn.SiLU`; Elfwing et al. 2018)
pub const SILU: LayerDef = LayerDef {
    name: "silu",
    about: "sigmoid linear unit, x times the sigmoid of x",
    examples: &[("silu", &[7]), ("silu", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(silu, |graph, x| {
            let share = graph.node("Sigmoid", &[x]);
            graph.node("Mul", &[x, share])
        })))
    },
    ..LayerDef::BASE
};

/// Computes `x / (1 + e⁻ˣ)`.
pub(super) fn silu<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    x.map(
        "silu",
        #[inline(always)]
        |x| x * math::sigmoid(x),
        #[inline(always)]
        |g, x| {
            let share = math::sigmoid(x);
            g * (share + x * share * (T::one() - share))
        },
    )
}
