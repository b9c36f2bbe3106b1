//! The class token of vision transformers.

use ndarray::Axis;
use tapeline_tensor::{ParamId, Scalar, Tensor, Var, buffer::Buffer};

use crate::{Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

/// Prepends a learned token: `[tokens, features]` to `[1 + tokens, features]`. `weight` is
/// `[features]`, initialized to 0. (torchvision's `VisionTransformer`; Devlin et al. 2019;
/// Dosovitskiy et al. 2021)
pub const CLASS_TOKEN: LayerDef = LayerDef {
    name: "class_token",
    about: "prepends a learned token to a sequence",
    examples: &[("class_token", &[3, 4]), ("class_token", &[1, 5])],
    build: |_, build| {
        let [tokens, features] = build.sequence()?;
        let weight = build.bias("weight", &[features], Init::Constant(0.0))?;
        Ok(Built::new(ClassToken { weight }, [1 + tokens, features]))
    },
    ..LayerDef::BASE
};

struct ClassToken {
    weight: ParamId,
}

impl<T: Element> Layer<T> for ClassToken {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        prepend(x, cx.param(self.weight))
    }

    /// Writes the sum of the sequence and of the token, both padded with zeros to the new length.
    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let (tokens, features) = (graph.shape()[0], graph.shape()[1]);
        let (token, shape) = (graph.param(self.weight), graph.sizes(&[1, features]));
        let token = graph.node("Reshape", &[token, shape]);
        let below = graph.sizes(&[0, 0, tokens, 0]);
        let token = graph.node("Pad", &[token, below]);
        let above = graph.sizes(&[0, 1, 0, 0, 0, 0]);
        let x = graph.node("Pad", &[x, above]);
        Ok(graph.node("Add", &[x, token]))
    }
}

/// Prepends a token `[features]` to each sequence of a batch `[n, tokens, features]`.
fn prepend<'t, T: Scalar>(x: Var<'t, T>, token: Var<'t, T>) -> Var<'t, T> {
    let old = x.shape();
    let shape = [old[0], 1 + old[1], old[2]];
    let mut y = empty(&shape);
    y.index_axis_mut(Axis(1), 0).assign(&token.value());
    y.slice_axis_mut(Axis(1), (1..).into()).assign(&x.value());
    x.tape().op("class_token", y, [x, token], move |g, need| {
        let dx = need[0].then(|| {
            let mut dx = empty(&old);
            dx.assign(&g.slice_axis(Axis(1), (1..).into()));
            dx
        });
        let token = need[1].then(|| g.index_axis(Axis(1), 0).sum_axis(Axis(0)).into_shared());
        [dx, token]
    })
}

fn empty<T: Scalar>(shape: &[usize]) -> Tensor<T> {
    Buffer::any(shape.iter().product()).into_tensor(shape)
}
