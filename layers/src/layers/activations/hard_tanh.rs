//! A straight line between two ends.

use tapeline_spec::Arg;

use super::{clamp, clip, pointwise};
use crate::{LayerDef, Refusal};

const MIN: Arg<f64> = Arg::new("min", "the smallest value")
    .default(-1.0)
    .tried(-2.0..=0.5);
const MAX: Arg<f64> = Arg::new("max", "the largest value")
    .default(1.0)
    .tried(0.0..=2.0);

/// `x` between `min` and `max`, which it doesn't leave; its derivative at both ends is 0. (`torch.nn.Hardtanh`)
pub const HARD_TANH: LayerDef = LayerDef {
    name: "hard_tanh",
    aliases: &["hardtanh"],
    about: "x, kept between two numbers",
    args: &[MIN.info(), MAX.info()],
    examples: &[("hard_tanh", &[7]), ("hard_tanh(-0.5, 2)", &[2, 3, 4])],
    build: |args, build| {
        let [min, max] = [args.get(MIN), args.get(MAX)];
        if min >= max {
            return Err(Refusal::from(format!("`min` {min} is not below `max` {max}")).arg("min"));
        }
        Ok(
            build.same_shape(pointwise!(move |x| clamp(x, min, max), move |graph, x| {
                clip(graph, x, min, max)
            })),
        )
    },
    ..LayerDef::BASE
};
