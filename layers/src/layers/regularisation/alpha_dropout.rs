//! Dropout for `selu`.

use tapeline_tensor::{Var, zeros_like};

use super::{P, mask};
use crate::{
    Batch, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Stream,
    layers::activations::{SELU_ALPHA, SELU_SCALE},
};

/// In training, replaces each value by `α' = −λα` of `selu` with probability `p`, then scales and
/// shifts all values such that mean and variance are preserved: `a (x·kept + α'·dropped) + b` with
/// `a = ((1 − p)(1 + p α'²))^−½` and `b = −a p α'`. (`torch.nn.AlphaDropout`; Klambauer et al.
/// 2017)
pub const ALPHA_DROPOUT: LayerDef = LayerDef {
    name: "alpha_dropout",
    about: "dropout that preserves mean and variance, for use with `selu`",
    args: &[P.info()],
    examples: &[
        ("alpha_dropout", &[7]),
        ("alpha_dropout(0.2)", &[2, 3, 4]),
        ("alpha_dropout(1)", &[3]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let (p, stream) = (args.get(P), build.stream());
        Ok(build
            .same_shape(AlphaDropout { p, stream })
            .only_in_training())
    },
    ..LayerDef::BASE
};

struct AlphaDropout {
    p: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for AlphaDropout {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let p = self.p;
        if !cx.training() || p == 0.0 {
            return x;
        }
        let dropped = -SELU_SCALE * SELU_ALPHA;
        // With p = 1 the scale is infinite; the output is zeros, as in PyTorch.
        let scale = match p < 1.0 {
            true => ((1.0 - p) * (1.0 + p * dropped * dropped)).powf(-0.5),
            false => 0.0,
        };
        let mask = mask(cx, self.stream, &x.shape(), p, scale);
        let mut instead = zeros_like(&mask);
        let of = |kept: f64| T::of(scale * dropped * (1.0 - kept - p));
        let [if_kept, if_dropped] = [of(1.0), of(0.0)];
        instead.zip_mut_with(&mask, |instead, &kept| {
            *instead = if kept == T::zero() {
                if_dropped
            } else {
                if_kept
            };
        });
        let tape = cx.tape();
        x * tape.constant(mask) + tape.constant(instead)
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
