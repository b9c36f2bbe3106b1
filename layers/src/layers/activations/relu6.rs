//! The rectified linear unit capped at 6.

use super::pointwise;
use crate::LayerDef;

/// `min(max(x, 0), 6)`; the derivative at 0 and at 6 is 0. (`torch.nn.ReLU6`; Krizhevsky 2010)
pub const RELU6: LayerDef =
    LayerDef {
        name: "relu6",
        about: "min(max(x, 0), 6)",
        examples: &[("relu6", &[7]), ("relu6", &[2, 3, 4])],
        build: |_, build| {
            Ok(build
                .same_shape(pointwise!(|x| x.clamp(0.0, 6.0), |graph, x| graph.clamp(x, 0.0, 6.0))))
        },
        ..LayerDef::BASE
    };
