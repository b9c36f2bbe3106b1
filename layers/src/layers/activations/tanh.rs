//! The hyperbolic tangent.

use super::pointwise;
use crate::LayerDef;

/// `(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)`. (`torch.nn.Tanh`)
pub const TANH: LayerDef = LayerDef {
    name: "tanh",
    about: "hyperbolic tangent",
    examples: &[("tanh", &[7]), ("tanh", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(|x| x.tanh(), |graph, x| graph.node("Tanh", &[x]))))
    },
    ..LayerDef::BASE
};
