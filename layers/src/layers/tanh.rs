//! The hyperbolic tangent.

use tapeline_tensor::Var;

use crate::{Ctx, Element, Layer, LayerDef};

/// `(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)`. (`torch.nn.Tanh`)
pub const TANH: LayerDef = LayerDef {
    name: "tanh",
    about: "the hyperbolic tangent",
    examples: &[("tanh", &[7]), ("tanh", &[2, 3, 4])],
    build: |_, build| Ok(build.same_shape(Tanh)),
    ..LayerDef::BASE
};

struct Tanh;

impl<T: Element> Layer<T> for Tanh {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.tanh()
    }
}
