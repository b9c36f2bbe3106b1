//! The rectified linear unit.

use tapeline_tensor::Var;

use crate::{Ctx, Element, Epilogue, Layer, LayerDef};

/// `max(x, 0)`; its derivative at 0 is 0. (`torch.nn.ReLU`)
pub const RELU: LayerDef = LayerDef {
    name: "relu",
    about: "max(x, 0)",
    examples: &[("relu", &[7]), ("relu", &[2, 3, 4])],
    build: |_, build| Ok(build.same_shape(Relu).epilogue(Epilogue::Relu)),
    ..LayerDef::BASE
};

struct Relu;

impl<T: Element> Layer<T> for Relu {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.relu()
    }
}
