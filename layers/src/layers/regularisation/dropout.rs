//! Dropout.

use tapeline_tensor::Var;

use super::{P, masked};
use crate::{Batch, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Stream};

/// In training, zeroes each value with probability `p` and scales the others by `1 / (1 − p)`.
/// (`torch.nn.Dropout`; Srivastava et al. 2014)
pub const DROPOUT: LayerDef = LayerDef {
    name: "dropout",

    about: "zeroes random values in training",
    args: &[P.info()],
    examples: &[
        ("dropout", &[7]),
        ("dropout(0.2)", &[2, 3, 4]),
        ("dropout(0)", &[3]),
        ("dropout(1)", &[3]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let (p, stream) = (args.get(P), build.stream());
        Ok(build.same_shape(Dropout { p, stream }).only_in_training())
    },
    ..LayerDef::BASE
};

struct Dropout {
    p: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for Dropout {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        masked(cx, self.stream, x, &x.shape(), self.p)
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
