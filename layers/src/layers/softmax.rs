//! Probabilities.

use tapeline_tensor::Var;

use crate::{Ctx, Element, Layer, LayerDef};

/// `eˣ / Σ eˣ` over features, or over channels at each place of an image. (`torch.nn.Softmax(dim=1)`)
pub const SOFTMAX: LayerDef = LayerDef {
    name: "softmax",
    about: "probabilities over features, or over channels at each place",
    examples: &[("softmax", &[5]), ("softmax", &[3, 2, 4])],
    build: |_, build| Ok(build.same_shape(Softmax)),
    ..LayerDef::BASE
};

struct Softmax;

impl<T: Element> Layer<T> for Softmax {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x.softmax(1)
    }
}
