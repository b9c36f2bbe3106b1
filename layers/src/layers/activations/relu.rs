//! The rectified linear unit.

use super::pointwise;
use crate::{Epilogue, LayerDef};

/// `max(x, 0)`; the derivative at 0 is 0. (`torch.nn.ReLU`)
pub const RELU: LayerDef = LayerDef {
    name: "relu",
    about: "rectified linear unit, max(x, 0)",
    examples: &[("relu", &[7]), ("relu", &[2, 3, 4])],
    build: |_, build| {
        Ok(build
            .same_shape(pointwise!(|x| x.relu(), |graph, x| graph.node("Relu", &[x])))
            .epilogue(Epilogue::Relu))
    },
    ..LayerDef::BASE
};
