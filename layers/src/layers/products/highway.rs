//! The highway layer.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use super::linear::Linear;
use crate::{Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

const ACTIVATION: Arg<&str> = Arg::new("activation", "activation of the transformed features")
    .choices(&["relu", "tanh", "sigmoid"])
    .default("relu");
const GATE_BIAS: Arg<f64> = Arg::new(
    "gate_bias",
    "initial bias of the gate; the more negative it is, the less is transformed at first",
)
.keyword_only()
.default(-2.0)
.tried(-3.0..=1.0);

/// `t · h + (1 − t) · x` with `h = activation(W x + b)` and the gate `t = sigmoid(W' x + b')`.
/// `linear.weight` and `gate.weight` are `[features, features]`, `linear.bias` and `gate.bias` are
/// `[features]`. All are initialized as those of `linear`, except for `gate.bias`. Tokens of a
/// sequence are transformed alike. (Srivastava et al. 2015)
pub const HIGHWAY: LayerDef = LayerDef {
    name: "highway",
    about: "fully connected layer with a learned gate between its output and its input",
    args: &[ACTIVATION.info(), GATE_BIAS.info()],
    examples: &[
        ("highway", &[5]),
        ("highway(tanh)", &[1]),
        ("highway", &[2, 3]),
        ("highway(sigmoid, gate_bias=-1)", &[4]),
    ],
    build: |args, build| {
        let features = build.features()?;
        let (sizes, weight) = ([features; 2], Init::fan_in(features));
        let gate_bias = Init::Constant(args.get(GATE_BIAS));
        let layer = Highway {
            linear: Linear::declare(build, "linear.", sizes, weight, Some(weight))?,
            gate: Linear::declare(build, "gate.", sizes, weight, Some(gate_bias))?,
            activation: Activation::of(args.get(ACTIVATION)),
        };
        Ok(build.same_shape(layer))
    },
    ..LayerDef::BASE
};

struct Highway {
    linear: Linear,
    gate: Linear,
    activation: Activation,
}

enum Activation {
    Relu,
    Tanh,
    Sigmoid,
}

impl Activation {
    /// Returns the activation that a choice of [`ACTIVATION`] stands for.
    fn of(word: &str) -> Self {
        match word {
            "tanh" => Activation::Tanh,
            "sigmoid" => Activation::Sigmoid,
            _ => Activation::Relu,
        }
    }
}

impl<T: Element> Layer<T> for Highway {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let h = self.linear.forward(cx, x);
        let h = match self.activation {
            Activation::Relu => h.relu(),
            Activation::Tanh => h.tanh(),
            Activation::Sigmoid => h.sigmoid(),
        };
        let gate = self.gate.forward(cx, x);
        // 1 − sigmoid(z) is sigmoid(−z), which is accurate where the gate is nearly open.
        gate.sigmoid() * h + (-gate).sigmoid() * x
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let h = Layer::<T>::nodes(&self.linear, graph, x)?;
        let op = match self.activation {
            Activation::Relu => "Relu",
            Activation::Tanh => "Tanh",
            Activation::Sigmoid => "Sigmoid",
        };
        let h = graph.node(op, &[h]);
        let gate = Layer::<T>::nodes(&self.gate, graph, x)?;
        let rest = graph.node("Neg", &[gate]);
        let [transform, carry] = [gate, rest].map(|z| graph.node("Sigmoid", &[z]));
        let transformed = graph.node("Mul", &[transform, h]);
        let carried = graph.node("Mul", &[carry, x]);
        Ok(graph.node("Add", &[transformed, carried]))
    }
}
