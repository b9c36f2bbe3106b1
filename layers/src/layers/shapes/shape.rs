//! Assertion of shapes.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, layers::MAX_SIZE};

const SIZES: Arg<Vec<usize>> =
    Arg::new("sizes", "expected shape, without the batch").range(1..=MAX_SIZE);

/// The identity, for inputs of one shape. Other inputs are an error when the model is built. It
/// documents a spec and finds mistakes where they are made. (No counterpart in PyTorch.)
pub const SHAPE: LayerDef = LayerDef {
    name: "shape",
    about: "asserts the shape of each sample, and changes nothing",
    args: &[SIZES.info()],
    examples: &[("shape((2, 3, 4))", &[2, 3, 4]), ("shape(5)", &[5])],
    build: |args, build| {
        let sizes = args.get(SIZES);
        if sizes != build.shape() {
            return Err(Refusal::takes(format!("{sizes:?}")).arg("sizes"));
        }
        Ok(build.same_shape(Shape).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};

struct Shape;

impl<T: Element> Layer<T> for Shape {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x
    }

    fn nodes(&self, _: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(x)
    }
}
