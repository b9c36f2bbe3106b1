//! A way around.

use tapeline_spec::Body;
use tapeline_tensor::Var;

use crate::{Chain, Ctx, Element, Layer, LayerDef, Refusal};

/// `x + f(x)`, with `f` the layers in its body. (He et al. 2016)
pub const RESIDUAL: LayerDef = LayerDef {
    name: "residual",
    about: "adds what its body makes of the input to the input",
    body: Body::One,
    examples: &[
        ("residual[ linear(5) relu ]", &[5]),
        ("residual[ conv2d(2, 3, padding=same) tanh ]", &[2, 4, 3]),
        ("residual[ ]", &[3]),
    ],
    build: |_, build| {
        let (body, output) = build.body()?;
        if output != build.shape() {
            let message = format!("its body gives {output:?}, which can't be added to the input");
            return Err(Refusal::from(message).help("the body must keep the shape"));
        }
        Ok(build.same_shape(Residual { body }))
    },
    ..LayerDef::BASE
};

struct Residual {
    body: Chain,
}

impl<T: Element> Layer<T> for Residual {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x + self.body.forward(cx, x)
    }
}
