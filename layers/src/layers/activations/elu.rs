//! The exponential linear unit.

use tapeline_spec::Arg;

use super::{exponential, pointwise};
use crate::LayerDef;

const ALPHA: Arg<f64> = Arg::new("alpha", "how far below 0 it goes")
    .default(1.0)
    .tried(0.5..=2.0);

/// `x` where it is above 0, else `α (eˣ − 1)`; its derivative at 0 is `α`. (`torch.nn.ELU`; Clevert et al. 2016)
pub const ELU: LayerDef = LayerDef {
    name: "elu",
    about: "x, or α (eˣ − 1) below 0",
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
