//! The fully connected layer.

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var, linear};

use super::{BIAS, INIT, init};
use crate::{
    Build, Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal,
    layers::MAX_SIZE,
};

pub(super) const OUT_FEATURES: Arg<usize> = Arg::new("out_features", "number of output features")
    .range(1..=MAX_SIZE)
    .tried(1..=5);

/// `y = x Wᵀ + b`, `[in]` to `[out]`, or `[tokens, in]` to `[tokens, out]`. `weight` is `[out, in]` and `bias` is `[out]`. Both are
/// sampled from U(±1/√in) by default; `init` selects another initialization of the weights.
/// (`torch.nn.Linear`; Glorot, Bengio 2010; He et al. 2015; Saxe et al. 2014)
pub const LINEAR: LayerDef = LayerDef {
    name: "linear",
    aliases: &["dense", "fc"],
    about: "fully connected layer",
    args: &[OUT_FEATURES.info(), BIAS.info(), INIT.info()],
    examples: &[
        ("linear(10)", &[7]),
        ("linear(3, bias=false)", &[1]),
        ("linear(4, init=orthogonal)", &[6]),
        ("linear(3)", &[4, 5]),
    ],
    build: |args, build| {
        let (inputs, outputs) = (build.features()?, args.get(OUT_FEATURES));
        let weight = init(args.get(INIT), inputs, outputs);
        let bias = args.get(BIAS).then(|| Init::fan_in(inputs));
        let layer = Linear::declare(build, "", [inputs, outputs], weight, bias)?;
        Ok(Built::new(layer, build.with_channels(outputs)))
    },
    ..LayerDef::BASE
};

/// `x Wᵀ + b`; also a part of other layers.
pub(in crate::layers) struct Linear {
    weight: ParamId,
    bias: Option<ParamId>,
}

impl Linear {
    /// Declares the weight, `[to, from]`, and the bias, `[to]`, if there is an initialization for
    /// it. Their names start with `prefix`.
    pub fn declare(
        build: &mut Build,
        prefix: &str,
        [from, to]: [usize; 2],
        weight: Init,
        bias: Option<Init>,
    ) -> Result<Self, Refusal> {
        build.cost(&[from, to, build.tokens()]);
        // Products with Wᵀ are faster if the weights of each input are contiguous.
        let weight = build.weight(&format!("{prefix}weight"), &[to, from], weight)?;
        let weight = weight.column_major();
        let bias = bias.map(|bias| build.bias(&format!("{prefix}bias"), &[to], bias));
        let bias = bias.transpose()?;
        Ok(Linear { weight, bias })
    }
}

impl<T: Element> Layer<T> for Linear {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let bias = self.bias.map(|bias| cx.param(bias));
        linear(x, cx.param(self.weight), bias)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok(graph.linear(x, self.weight, self.bias))
    }
}
