//! The gated linear unit with `silu`.

use super::glu::{Gate, gated};
use crate::LayerDef;

/// `a · silu(b)`, where `a` is the first half of the features or channels and `b` the second: `[2
/// k]` to `[k]`, `[tokens, 2 k]` to `[tokens, k]`, `[2 k, h, w]` to `[k, h, w]`. (Shazeer 2020)
pub const SWIGLU: LayerDef = LayerDef {
    name: "swiglu",
    about: "gated linear unit, the first half of the channels times the `silu` of the second",
    examples: &[
        ("swiglu", &[6]),
        ("swiglu", &[3, 4]),
        ("swiglu", &[4, 3, 2]),
    ],
    build: |_, build| gated(build, Gate::Silu),
    ..LayerDef::BASE
};
