//! The sigmoid.

use super::pointwise;
use crate::{LayerDef, Meaning};

/// `1 / (1 + e⁻ˣ)`, without overflow. (`torch.nn.Sigmoid`)
pub const SIGMOID: LayerDef = LayerDef {
    name: "sigmoid",
    aliases: &["logistic"],
    about: "logistic function, 1 / (1 + e⁻ˣ)",
    examples: &[("sigmoid", &[7]), ("sigmoid", &[2, 3, 4])],
    build: |_, build| {
        Ok(build
            .same_shape(pointwise!(|x| x.sigmoid(), |graph, x| graph.node("Sigmoid", &[x])))
            .means(Meaning::UnitInterval))
    },
    ..LayerDef::BASE
};
