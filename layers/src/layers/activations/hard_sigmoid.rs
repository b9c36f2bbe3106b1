//! Piecewise linear approximation of the sigmoid.

use super::{hard_sigmoid, pointwise};
use crate::{LayerDef, Meaning};

/// `x/6 + ½`, clamped to `[0, 1]`; the derivative at ±3 is 0. (`torch.nn.Hardsigmoid`; Howard et
/// al. 2019)
pub const HARD_SIGMOID: LayerDef = LayerDef {
    name: "hard_sigmoid",
    aliases: &["hardsigmoid"],
    about: "x/6 + ½, clamped to [0, 1]",
    examples: &[("hard_sigmoid", &[7]), ("hard_sigmoid", &[2, 3, 4])],
    build: |_, build| {
        let line = pointwise!(
            |x| x.map("hard_sigmoid", hard_sigmoid, |g, x| {
                if x <= -3.0 || x >= 3.0 { 0.0 } else { g / 6.0 }
            },),
            |graph, x| {
                let line = [("alpha", (1.0 / 6.0).into()), ("beta", 0.5.into())];
                graph.node_with("HardSigmoid", &[x], &line)
            }
        );
        Ok(build.same_shape(line).means(Meaning::UnitInterval))
    },
    ..LayerDef::BASE
};
