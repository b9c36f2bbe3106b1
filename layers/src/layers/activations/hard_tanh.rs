//! Clamping to an interval.

use tapeline_spec::Arg;

use super::pointwise;
use crate::{LayerDef, Refusal};

const MIN: Arg<f64> = Arg::new("min", "minimum of the output")
    .default(-1.0)
    .tried(-2.0..=0.5);
const MAX: Arg<f64> = Arg::new("max", "maximum of the output")
    .default(1.0)
    .tried(0.0..=2.0);

/// `x` clamped to `[min, max]`; the derivative at both ends is 0. (`torch.nn.Hardtanh`)
pub const HARD_TANH: LayerDef = LayerDef {
    name: "hard_tanh",
    aliases: &["hardtanh"],
    about: "x clamped to [min, max]",
    args: &[MIN.info(), MAX.info()],
    examples: &[("hard_tanh", &[7]), ("hard_tanh(-0.5, 2)", &[2, 3, 4])],
    build: |args, build| {
        let [min, max] = [args.get(MIN), args.get(MAX)];
        if min >= max {
            return Err(Refusal::from(format!(
                "`min` must be less than `max`, got {min} and {max}"
            ))
            .arg("min"));
        }
        Ok(
            build.same_shape(pointwise!(move |x| x.clamp(min, max), move |graph, x| {
                graph.clamp(x, min, max)
            })),
        )
    },
    ..LayerDef::BASE
};
