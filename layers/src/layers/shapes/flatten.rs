//! Flattening of samples.

use tapeline_tensor::Var;

use crate::{Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes};

/// All dimensions of a sample as one, in row-major order: `[channels, h, w]` to `[channels·h·w]`.
/// (`torch.nn.Flatten`)
pub const FLATTEN: LayerDef = LayerDef {
    name: "flatten",
    about: "flattens each sample into a vector",
    examples: &[("flatten", &[2, 3, 4]), ("flatten", &[5])],
    build: |_, build| {
        let size = [build.shape().iter().product()];
        let meaning = build.input_meaning().reshaped(build.shape(), &size);
        Ok(Built::new(Flatten, size).means(meaning))
    },
    ..LayerDef::BASE
};

struct Flatten;

impl<T: Element> Layer<T> for Flatten {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.flatten(1)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(graph.node("Flatten", &[x]))
    }
}
