//! Softmax.

use super::pointwise;
use crate::{LayerDef, Meaning};

/// `eˣ / Σ eˣ` over features, or over channels at each position of an image. (`torch.nn.Softmax`)
pub const SOFTMAX: LayerDef = LayerDef {
    name: "softmax",
    about: "softmax over features, or over channels at each position",
    examples: &[
        ("softmax", &[5]),
        ("softmax", &[3, 2, 4]),
        ("softmax", &[3, 4]),
    ],
    build: |_, build| {
        let axis = 1 + build.feature_axis();
        let softmax = pointwise!(move |x| x.softmax(axis), move |graph, x| graph.node_with(
            "Softmax",
            &[x],
            &[("axis", axis.into())]
        ));
        Ok(build.same_shape(softmax).means(Meaning::Probabilities))
    },
    ..LayerDef::BASE
};
