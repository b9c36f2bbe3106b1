//! Reshaping of samples.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use crate::{
    Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal,
    layers::MAX_SIZE,
    sizes::{checked_len, product},
};

const SHAPE: Arg<Vec<usize>> =
    Arg::new("shape", "shape of the output, without the batch").range(1..=MAX_SIZE);

/// The values of a sample in another shape with the same number of values, in row-major order.
/// (`torch.nn.Unflatten` and `torch.reshape`)
pub const RESHAPE: LayerDef = LayerDef {
    name: "reshape",
    aliases: &["unflatten"],
    about: "reshapes each sample",
    args: &[SHAPE.info()],
    examples: &[
        ("reshape((1, 2, 3))", &[6]),
        ("reshape(12)", &[3, 2, 2]),
        ("reshape((2, 3))", &[3, 2]),
    ],
    build: |args, build| {
        let shape = args.get(SHAPE);
        let here = product(build.shape());
        if checked_len(&shape) != Some(here) {
            let message = format!("{here} values don't fill {shape:?}");
            return Err(Refusal::from(message).arg("shape"));
        }
        let meaning = build.input_meaning().reshaped(build.shape(), &shape);
        Ok(Built::new(Reshape(shape.clone()), shape).means(meaning))
    },
    ..LayerDef::BASE
};

struct Reshape(Vec<usize>);

impl<T: Element> Layer<T> for Reshape {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let batch = x.shape()[0];
        x.reshape(&[&[batch], &self.0[..]].concat())
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(graph.reshape(x, &self.0))
    }
}
