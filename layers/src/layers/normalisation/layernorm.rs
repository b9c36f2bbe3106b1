//! Layer normalization.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, layer_norm};

use super::{AFFINE, Affine, normalized};
use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, features::by_token};

const EPS: Arg<f64> = super::EPS.inferred(0, "PyTorch's `normalized_shape`");

/// `(x − mean) / √(var + eps) · weight + bias`, with the mean and variance of all values of a
/// sample, or of each token of a sequence. `weight` and `bias` have the shape of a sample, or of a
/// token: `[features]`. (`torch.nn.LayerNorm`; Ba et al. 2016)
pub const LAYERNORM: LayerDef = LayerDef {
    name: "layernorm",
    aliases: &["layer_norm"],
    about: "layer normalization over all values of each sample or token",
    args: &[EPS.info(), AFFINE.info()],
    examples: &[
        ("layernorm", &[7]),
        ("layernorm", &[2, 3, 4]),
        ("layernorm", &[3, 4]),
        ("layernorm(eps=0.01, affine=false)", &[5]),
    ],
    build: |args, build| {
        let affine = match args.get(AFFINE) {
            true => Some(Affine::declare(build, normalized(build.shape()))?),
            false => None,
        };
        let eps = args.get(EPS);
        Ok(build.same_shape(LayerNorm { eps, affine }))
    },
    ..LayerDef::BASE
};

struct LayerNorm {
    eps: f64,
    affine: Option<Affine>,
}

impl<T: Element> Layer<T> for LayerNorm {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let affine = self.affine.map(|affine| affine.params(cx));
        by_token(x, |x| layer_norm(x, affine, self.eps))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let axis = 1 + graph.feature_axis();
        let shape = normalized(graph.shape()).to_vec();
        let mut inputs = vec![x];
        match self.affine {
            Some(affine) => inputs.extend([affine.weight, affine.bias].map(|id| graph.param(id))),
            None => inputs.push(graph.numbers(&shape, vec![1.0; shape.iter().product()])),
        }
        let attributes = [("axis", axis.into()), ("epsilon", self.eps.into())];
        Ok(graph.node_with("LayerNormalization", &inputs, &attributes))
    }
}
