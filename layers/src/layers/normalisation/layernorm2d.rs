//! Layer normalization of the channels of images.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, layer_norm2d};

use super::{AFFINE, Affine};
use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes};

const EPS: Arg<f64> = super::EPS
    .default(1e-6)
    .inferred(0, "timm's `num_channels`");

/// `(x − mean) / √(var + eps) · weight + bias`, with the mean and variance of the channels at each
/// place of an image. `weight` and `bias` are `[channels]`. `eps` is that of ConvNeXt and timm;
/// `torch.nn.LayerNorm` has 1e-5. (`timm.layers.LayerNorm2d`; Liu et al. 2022)
pub const LAYERNORM2D: LayerDef = LayerDef {
    name: "layernorm2d",
    aliases: &["layer_norm2d"],
    about: "layer normalization of the channels at each place of an image",
    args: &[EPS.info(), AFFINE.info()],
    examples: &[
        ("layernorm2d", &[5, 3, 4]),
        ("layernorm2d(eps=0.01, affine=false)", &[3, 2, 2]),
    ],
    build: |args, build| {
        let [channels, _, _] = build.image()?;
        let affine = match args.get(AFFINE) {
            true => Some(Affine::declare(build, &[channels])?),
            false => None,
        };
        let eps = args.get(EPS);
        Ok(build.same_shape(LayerNorm2d { eps, affine }))
    },
    ..LayerDef::BASE
};

struct LayerNorm2d {
    eps: f64,
    affine: Option<Affine>,
}

impl<T: Element> Layer<T> for LayerNorm2d {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        layer_norm2d(x, self.affine.map(|affine| affine.params(cx)), self.eps)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let (channels, eps) = (graph.sizes(&[1]), graph.number(self.eps));
        let mean = graph.node("ReduceMean", &[x, channels]);
        let minus_mean = graph.node("Neg", &[mean]);
        let centered = graph.node("Add", &[x, minus_mean]);
        let squares = graph.node("Mul", &[centered, centered]);
        let var = graph.node("ReduceMean", &[squares, channels]);
        let var = graph.node("Add", &[var, eps]);
        let root = graph.node("Sqrt", &[var]);
        let y = graph.node("Div", &[centered, root]);
        let Some(Affine { weight, bias }) = self.affine else {
            return Ok(y);
        };
        let (weight, bias) = (graph.by_channel(weight), graph.by_channel(bias));
        let y = graph.node("Mul", &[y, weight]);
        Ok(graph.node("Add", &[y, bias]))
    }
}
