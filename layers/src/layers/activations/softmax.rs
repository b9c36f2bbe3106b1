//! Softmax.

use super::pointwise;
use crate::{LayerDef, Meaning};

/// `eˣ / Σ eˣ` over features, or over channels at each position of an image.
/// (`torch.nn.Softmax(dim=1)`)
pub const SOFTMAX: LayerDef = LayerDef {
    name: "softmax",
    about: "softmax over features, or over channels at each position",
    examples: &[("softmax", &[5]), ("softmax", &[3, 2, 4])],
    build: |_, build| {
        let softmax = pointwise!(|x| x.softmax(1), |graph, x| graph.node_with(
            "Softmax",
            &[x],
            &[("axis", 1.into())]
        ));
        Ok(build.same_shape(softmax).means(Meaning::Probabilities))
    },
    ..LayerDef::BASE
};
