//! Squeeze-and-excitation.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, adaptive_avg_pool2d};

use crate::{
    Build, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal,
    layers::{MAX_SIZE, products::linear::Linear},
};

const REDUCTION: Arg<usize> = Arg::new(
    "reduction",
    "ratio of the number of channels to that of hidden features",
)
.range(1..=MAX_SIZE)
.default(16)
.tried(1..=4);

/// `x · sigmoid(W₂ relu(W₁ m + b₁) + b₂)`, with `m` the mean of each channel. `fc1.weight` is
/// `[hidden, channels]` and `fc2.weight` is `[channels, hidden]`, with `hidden =
/// max(channels/reduction, 1)`. (Hu et al. 2018)
pub const SQUEEZE_EXCITE: LayerDef = LayerDef {
    name: "squeeze_excite",
    aliases: &["se"],
    about: "reweights channels using global context",
    args: &[REDUCTION.info()],
    examples: &[
        ("squeeze_excite(2)", &[4, 3, 2]),
        ("squeeze_excite", &[3, 1, 4]),
    ],
    build: |args, build| {
        let [channels, _, _] = build.image()?;
        let between = (channels / args.get(REDUCTION)).max(1);
        let layer = SqueezeExcite {
            squeeze: declare(build, "fc1.", channels, between)?,
            excite: declare(build, "fc2.", between, channels)?,
        };
        Ok(build.same_shape(layer))
    },
    ..LayerDef::BASE
};

struct SqueezeExcite {
    squeeze: Linear,
    excite: Linear,
}

fn declare(build: &mut Build, prefix: &str, from: usize, to: usize) -> Result<Linear, Refusal> {
    let init = Init::fan_in(from);
    Linear::declare(build, prefix, [from, to], init, Some(init))
}

impl<T: Element> Layer<T> for SqueezeExcite {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        let means = adaptive_avg_pool2d(x, [1, 1]).flatten(1);
        let between = self.squeeze.forward(cx, means).relu();
        let weights = self.excite.forward(cx, between).sigmoid();
        x * weights.reshape(&[shape[0], shape[1], 1, 1])
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let channels = graph.shape()[0];
        let means = graph.global_avg_pool2d(x);
        let between = Layer::<T>::nodes(&self.squeeze, graph, means)?;
        let between = graph.node("Relu", &[between]);
        let weights = Layer::<T>::nodes(&self.excite, graph, between)?;
        let weights = graph.node("Sigmoid", &[weights]);
        let weights = graph.reshape(weights, &[channels, 1, 1]);
        Ok(graph.node("Mul", &[x, weights]))
    }
}
