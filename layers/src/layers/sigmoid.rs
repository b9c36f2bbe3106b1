//! The logistic function.

use tapeline_tensor::Var;

use crate::{Ctx, Element, Layer, LayerDef};

/// `1 / (1 + e⁻ˣ)`. (`torch.nn.Sigmoid`)
pub const SIGMOID: LayerDef = LayerDef {
    name: "sigmoid",
    about: "1 / (1 + e⁻ˣ)",
    examples: &[("sigmoid", &[7]), ("sigmoid", &[2, 3, 4])],
    build: |_, build| Ok(build.same_shape(Sigmoid)),
    ..LayerDef::BASE
};

struct Sigmoid;

impl<T: Element> Layer<T> for Sigmoid {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.sigmoid()
    }
}
