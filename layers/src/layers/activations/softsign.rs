//! Softsign.

use super::pointwise;
use crate::LayerDef;

/// `x / (1 + |x|)`. (`torch.nn.Softsign`)
pub const SOFTSIGN: LayerDef = LayerDef {
    name: "softsign",
    about: "x / (1 + |x|)",
    examples: &[("softsign", &[7]), ("softsign", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "softsign",
                |x| x / (1.0 + x.abs()),
                |g, x| g / ((1.0 + x.abs()) * (1.0 + x.abs())),
            ),
            |graph, x| graph.node("Softsign", &[x])
        )))
    },
    ..LayerDef::BASE
};
