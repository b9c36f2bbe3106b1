//! The gated linear unit with `gelu`.

use super::glu::{Gate, gated};
use crate::LayerDef;

/// `a · gelu(b)`, where `a` is the first half of the features or channels and `b` the second: `[2
/// k]` to `[k]`, `[tokens, 2 k]` to `[tokens, k]`, `[2 k, h, w]` to `[k, h, w]`. (Shazeer 2020)
pub const GEGLU: LayerDef = LayerDef {
    name: "geglu",
    about: "gated linear unit, the first half of the channels times the `gelu` of the second",
    examples: &[("geglu", &[6]), ("geglu", &[3, 4]), ("geglu", &[4, 3, 2])],
    build: |_, build| gated(build, Gate::Gelu),
    ..LayerDef::BASE
};
