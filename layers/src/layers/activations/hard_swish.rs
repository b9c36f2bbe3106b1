//! Approximation of `silu` with a piecewise linear sigmoid.

use super::{hard_sigmoid, pointwise};
use crate::LayerDef;

/// `x` times its `hard_sigmoid`; the derivative is 0 at −3 and 1 at 3. (`torch.nn.Hardswish`;
/// Howard et al. 2019)
pub const HARD_SWISH: LayerDef = LayerDef {
    name: "hard_swish",
    aliases: &["hardswish"],
    about: "x times the hard sigmoid of x",
    examples: &[("hard_swish", &[7]), ("hard_swish", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "hard_swish",
                |x| x * hard_sigmoid(x),
                |g, x| {
                    if x <= -3.0 {
                        0.0
                    } else if x >= 3.0 {
                        g
                    } else {
                        g * (x / 3.0 + 0.5)
                    }
                },
            ),
            |graph, x| graph.node("HardSwish", &[x])
        )))
    },
    ..LayerDef::BASE
};
