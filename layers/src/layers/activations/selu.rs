//! The scaled exponential linear unit.

use super::{SELU_ALPHA, SELU_SCALE, exponential, pointwise};
use crate::LayerDef;

/// `λ x` if `x > 0`, else `λ α (eˣ − 1)`, with `λ` and `α` such that a mean of 0 and a variance of
/// 1 are preserved from layer to layer. (`torch.nn.SELU`; Klambauer et al. 2017)
pub const SELU: LayerDef = LayerDef {
    name: "selu",
    about: "scaled exponential linear unit, which preserves mean and variance",
    examples: &[("selu", &[7]), ("selu", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| exponential(x, "selu", SELU_ALPHA, SELU_SCALE),
            |graph, x| {
                let numbers = [("alpha", SELU_ALPHA.into()), ("gamma", SELU_SCALE.into())];
                graph.node_with("Selu", &[x], &numbers)
            }
        )))
    },
    ..LayerDef::BASE
};
