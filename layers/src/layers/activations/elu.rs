//! The exponential linear unit.

use tapeline_spec::Arg;

use super::{exponential, pointwise};
use crate::LayerDef;

const ALPHA: Arg<f64> = Arg::new("alpha", "scale of the negative part")
    .default(1.0)
    .tried(0.5..=2.0);

/// `x` if `x > 0`, else `α (eˣ − 1)`; the derivative at 0 is `α`. (`torch.nn.ELU`; Clevert et al.
/// 2016)
pub const ELU: LayerDef = LayerDef {
    name: "elu",
    about: "exponential linear unit, x if x > 0, else α (eˣ − 1)",
    args: &[ALPHA.info()],
    examples: &[("elu", &[7]), ("elu(0.5)", &[2, 3, 4])],
    build: |args, build| {
        let alpha = args.get(ALPHA);
        Ok(build.same_shape(pointwise!(
            move |x| exponential(x, "elu", alpha, 1.0),
            move |graph, x| graph.node_with("Elu", &[x], &[("alpha", alpha.into())]),
        )))
    },
    ..LayerDef::BASE
};
