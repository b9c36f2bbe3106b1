//! Sum with a saved value.

use tapeline_spec::quote;
use tapeline_tensor::Var;

use super::{NAME, saved};
use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, SavedId};

/// `x + a`, with `a` the value saved as `name`, of the same shape. (He et al. 2016)
pub const ADD: LayerDef = LayerDef {
    name: "add",
    about: "adds a value saved by `save`",
    args: &[NAME.info()],
    examples: &[
        ("save(a) tanh add(a)", &[5]),
        (
            "save(a) conv2d(2, 3, padding=1) save(b) residual[ tanh add(b) ] add(a)",
            &[2, 4, 3],
        ),
    ],
    build: |args, build| {
        let value = saved(args, build)?;
        if value.shape != build.shape() {
            let (name, shape) = (quote(&value.name), &value.shape);
            let message = format!("its input can't be added to {name}, which is {shape:?}");
            return Err(Refusal::from(message).saved(&value));
        }
        Ok(build.same_shape(Add { id: value.id }))
    },
    ..LayerDef::BASE
};

struct Add {
    id: SavedId,
}

impl<T: Element> Layer<T> for Add {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x + cx.saved(self.id)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let saved = graph.saved(self.id);
        Ok(graph.node("Add", &[x, saved]))
    }
}
