//! What recurrent layers have in common.

use tapeline_spec::{Arg, Args};
use tapeline_tensor::{ParamId, RecurrentCell, RecurrentWeights, Var, concat, recurrent};

use crate::{
    Build, Built, Ctx, Element, Graph, GraphValue, Init, Layer, NoNodes, Refusal, graph::Attribute,
    layers::MAX_SIZE,
};

pub(super) const HIDDEN_SIZE: Arg<usize> = Arg::new("hidden_size", "number of values of the state")
    .range(1..=MAX_SIZE)
    .tried(1..=4);
pub(super) const BIDIRECTIONAL: Arg<bool> = Arg::new(
    "bidirectional",
    "whether to append the states of a second cell, which starts at the last token",
)
.keyword_only()
.inferred(0, "PyTorch's `input_size`")
.default(false);

/// One cell, or two that run in opposite directions.
struct Recurrent {
    cell: RecurrentCell,
    hidden: usize,
    /// The parameters of each direction.
    directions: Vec<Parameters>,
}

struct Parameters {
    /// `weight_ih` and `weight_hh`.
    weights: [ParamId; 2],
    /// `bias_ih` and `bias_hh`.
    biases: [ParamId; 2],
}

/// Builds a recurrent layer: `[tokens, features]` to `[tokens, hidden]`, or twice as many features
/// with two directions.
pub(super) fn build(build: &mut Build, args: &Args, cell: RecurrentCell) -> Result<Built, Refusal> {
    let [tokens, features] = build.sequence()?;
    let hidden = args.get(HIDDEN_SIZE);
    let width = cell.gates() * hidden;
    let too_large = |refusal: Refusal| refusal.arg("hidden_size");
    build.fits(&[tokens, width]).map_err(too_large)?;
    let suffixes: &[_] = match args.get(BIDIRECTIONAL) {
        true => &["", "_reverse"],
        false => &[""],
    };
    let mut directions = Vec::new();
    for suffix in suffixes {
        let init = Init::fan_in(hidden);
        let mut weight = |name: &str, columns| {
            let name = format!("{name}_l0{suffix}");
            Ok::<_, Refusal>(build.weight(&name, &[width, columns], init)?.id())
        };
        let weights = [weight("weight_ih", features)?, weight("weight_hh", hidden)?];
        let mut bias = |name: &str| build.bias(&format!("{name}_l0{suffix}"), &[width], init);
        let biases = [bias("bias_ih")?, bias("bias_hh")?];
        directions.push(Parameters { weights, biases });
        for columns in [features, hidden] {
            build.cost(&[tokens, width, columns]);
        }
    }
    let output = [tokens, hidden * directions.len()];
    let layer = Recurrent {
        cell,
        hidden,
        directions,
    };
    Ok(Built::new(layer, output))
}

impl<T: Element> Layer<T> for Recurrent {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let directions = self.directions.iter().zip([false, true]);
        let states = directions.map(|(parameters, reverse)| {
            let [weight_ih, weight_hh] = parameters.weights.map(|id| cx.param(id));
            let [bias_ih, bias_hh] = parameters.biases.map(|id| cx.param(id));
            let weights = RecurrentWeights {
                weight_ih,
                weight_hh,
                bias_ih,
                bias_hh,
            };
            recurrent(self.cell, x, weights, reverse)
        });
        match states.collect::<Vec<_>>()[..] {
            [states] => states,
            ref both => concat(both, 2),
        }
    }

    /// ONNX has the tokens first, all directions in one tensor, and its own order of the gates.
    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let (tokens, features) = match *graph.shape() {
            [tokens, features] => (tokens, features),
            _ => return Err(graph.no_nodes()),
        };
        let (count, width) = (self.directions.len(), self.cell.gates() * self.hidden);
        let [weight_ih, weight_hh] = [(0, features), (1, self.hidden)].map(|(i, columns)| {
            let ids = self.directions.iter().map(|direction| direction.weights[i]);
            let rows = self.rows(graph, ids);
            let shape = graph.sizes(&[count, width, columns]);
            graph.node("Reshape", &[rows, shape])
        });
        let biases = self
            .directions
            .iter()
            .flat_map(|direction| direction.biases);
        let biases = self.rows(graph, biases);
        let shape = graph.sizes(&[count, 2 * width]);
        let bias = graph.node("Reshape", &[biases, shape]);
        let mut attributes = vec![("hidden_size", Attribute::from(self.hidden))];
        if count > 1 {
            attributes.push(("direction", "bidirectional".into()));
        }
        let op = match self.cell {
            RecurrentCell::Lstm => "LSTM",
            RecurrentCell::Gru => {
                attributes.push(("linear_before_reset", 1.into()));
                "GRU"
            }
            RecurrentCell::Tanh => "RNN",
            RecurrentCell::Relu => {
                attributes.push(("activations", Attribute::Words(vec!["Relu"; count])));
                "RNN"
            }
        };
        let x = graph.transpose(x, &[1, 0, 2]);
        let states = graph.node_with(op, &[x, weight_ih, weight_hh, bias], &attributes);
        // From [tokens, directions, n, hidden].
        let states = graph.transpose(states, &[2, 0, 1, 3]);
        Ok(graph.reshape(states, &[tokens, count * self.hidden]))
    }
}

impl Recurrent {
    /// Appends the rows of parameters one after another, each with its gates in ONNX's order.
    fn rows(&self, graph: &mut Graph, ids: impl Iterator<Item = ParamId>) -> GraphValue {
        // Of PyTorch's gates.
        let order: &[usize] = match self.cell {
            RecurrentCell::Lstm => &[0, 3, 1, 2],
            RecurrentCell::Gru => &[1, 0, 2],
            RecurrentCell::Tanh | RecurrentCell::Relu => &[],
        };
        let mut rows = Vec::new();
        for id in ids {
            let param = graph.param(id);
            if order.is_empty() {
                rows.push(param);
            }
            for gate in order {
                let ends = [gate * self.hidden, (gate + 1) * self.hidden, 0];
                let [start, end, axis] = ends.map(|size| graph.sizes(&[size]));
                rows.push(graph.node("Slice", &[param, start, end, axis]));
            }
        }
        match rows[..] {
            [one] => one,
            _ => graph.node_with("Concat", &rows, &[("axis", 0.into())]),
        }
    }
}
