//! Learned position embedding.

use tapeline_tensor::{ParamId, Var};

use crate::{Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

/// `x + weight`, with a learned `weight` `[tokens, features]`, sampled from a normal distribution
/// with a standard deviation of 0.02. (`pos_embed` of timm's `VisionTransformer`; Dosovitskiy et al.
/// 2021)
pub const POSITION: LayerDef = LayerDef {
    name: "position",
    about: "adds learned values to each token, according to its position",
    examples: &[("position", &[3, 4]), ("position", &[5, 2])],
    build: |_, build| {
        let shape = build.sequence()?;
        let weight = build.bias("weight", &shape, Init::Normal(0.02))?;
        Ok(build.same_shape(Position { weight }))
    },
    ..LayerDef::BASE
};

struct Position {
    weight: ParamId,
}

impl<T: Element> Layer<T> for Position {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x + cx.param(self.weight)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let weight = graph.param(self.weight);
        Ok(graph.node("Add", &[x, weight]))
    }
}
