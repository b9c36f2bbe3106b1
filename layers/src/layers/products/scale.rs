//! Scaling of channels.

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var};

use crate::{Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

const INIT: Arg<f64> = Arg::new("init", "initial value of the factors")
    .default(1e-6)
    .tried(-1.0..=2.0);

/// `x · gamma`, with a learned factor for each channel of `[channels, h, w]`, or each feature of
/// `[tokens, features]` or `[features]`. It begins with nearly no effect of a residual branch: 1e-6
/// is the initial value in ConvNeXt, and timm's `LayerScale` has 1e-5. (`timm.layers.LayerScale`;
/// Touvron et al. 2021)
pub const SCALE: LayerDef = LayerDef {
    name: "scale",
    aliases: &["layer_scale"],
    about: "multiplies each channel or feature by a learned factor",
    args: &[INIT.info()],
    examples: &[
        ("scale(0.5)", &[3, 2, 4]),
        ("scale(-0.5)", &[5]),
        ("scale(1)", &[3, 4]),
        ("scale", &[4]),
    ],
    build: |args, build| {
        let gamma = build.scale("gamma", &[build.channels()], Init::Constant(args.get(INIT)))?;
        Ok(build.same_shape(Scale { gamma }))
    },
    ..LayerDef::BASE
};

struct Scale {
    gamma: ParamId,
}

impl<T: Element> Layer<T> for Scale {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let gamma = cx.param(self.gamma);
        match x.shape().len() {
            0..=3 => x * gamma,
            dimensions => {
                let mut shape = vec![1; dimensions];
                shape[1] = gamma.shape()[0];
                x * gamma.reshape(&shape)
            }
        }
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let gamma = match graph.shape().len() {
            0..=2 => graph.param(self.gamma),
            _ => graph.by_channel(self.gamma),
        };
        Ok(graph.node("Mul", &[x, gamma]))
    }
}
