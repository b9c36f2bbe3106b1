//! Stochastic depth.

use tapeline_tensor::Var;

use super::{P, masked};
use crate::{Batch, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Stream};

/// In training, zeroes each sample with probability `p` and scales the others by `1 / (1 − p)`. At
/// the end of the body of a `residual`, it skips the body for random samples. (Huang et al. 2016;
/// `timm.layers.DropPath`)
pub const DROP_PATH: LayerDef = LayerDef {
    name: "drop_path",
    aliases: &["stochastic_depth"],
    about: "zeroes random samples in training; for the end of a `residual` body",
    args: &[P.info()],
    examples: &[("drop_path", &[7]), ("drop_path(0.2)", &[2, 3, 4])],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let (p, stream) = (args.get(P), build.stream());
        Ok(build.same_shape(DropPath { p, stream }).only_in_training())
    },
    ..LayerDef::BASE
};

struct DropPath {
    p: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for DropPath {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let mut shape = vec![1; x.ndim()];
        shape[0] = x.shape()[0];
        masked(cx, self.stream, x, &shape, self.p)
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
