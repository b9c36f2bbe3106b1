//! Dropout of channels.

use tapeline_tensor::Var;

use super::{P, masked};
use crate::{Batch, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Stream};

/// In training, zeroes each channel of a sample with probability `p` and scales the others by `1 /
/// (1 − p)`. (`torch.nn.Dropout2d`; Tompson et al. 2015)
pub const DROPOUT2D: LayerDef = LayerDef {
    name: "dropout2d",

    about: "zeroes random channels in training",
    args: &[P.info()],
    examples: &[("dropout2d", &[4, 3, 2]), ("dropout2d(0.2)", &[5, 1, 3])],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        build.image()?;
        let (p, stream) = (args.get(P), build.stream());
        Ok(build.same_shape(Dropout2d { p, stream }).only_in_training())
    },
    ..LayerDef::BASE
};

struct Dropout2d {
    p: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for Dropout2d {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        masked(cx, self.stream, x, &[shape[0], shape[1], 1, 1], self.p)
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
