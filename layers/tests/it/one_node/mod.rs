//! Graphs of one node.

use tapeline_layers::{
    Graph, GraphValue,
    graph::{Attribute, RunError},
};
use tapeline_tensor::{Params, Tensor};

/// An input of a node in a test.
#[derive(Clone, Debug)]
pub enum Input {
    /// A shape, and values in row-major order.
    Numbers(Vec<usize>, Vec<f64>),
    Sizes(Vec<usize>),
    Absent,
}

/// Runs a graph of one node.
pub fn run(
    op: &'static str,
    inputs: &[Input],
    attributes: &[(&'static str, Attribute)],
) -> Result<Tensor<f64>, RunError> {
    let mut graph = Graph::new(&[]);
    let inputs: Vec<_> = inputs
        .iter()
        .map(|input| added(&mut graph, input))
        .collect();
    let y = graph.node_with(op, &inputs, attributes);
    graph.run(y, &Params::new(), &Tensor::zeros(vec![1]))
}

/// Adds an input of a node to a graph.
pub fn added(graph: &mut Graph, input: &Input) -> GraphValue {
    match input {
        Input::Numbers(shape, numbers) => graph.numbers(shape, numbers.clone()),
        Input::Sizes(sizes) => graph.sizes(sizes),
        Input::Absent => graph.absent(),
    }
}

/// The numbers from `first` in steps of 1.
pub fn counting(shape: &[usize], first: f64) -> Input {
    let numbers = (0..shape.iter().product()).map(|i: usize| first + i as f64);
    Input::Numbers(shape.into(), numbers.collect())
}
