//! An interpreter of graphs in `f64`: plain loops over the definitions of the ONNX operators.
//!
//! It is an oracle for [`Layer::nodes`](crate::Layer::nodes), so it shares no code with the tape and
//! its kernels, and it is slow. [`OPERATORS`] is the table of what it knows. (<https://onnx.ai/onnx/operators>)

mod activations;
mod arithmetic;
mod broadcast;
mod convolution;
mod error;
mod normalization;
mod operands;
mod operators;
mod pooling;
mod products;
mod recurrent;
mod shapes;
mod window;

use ndarray::ArcArray;
use tapeline_tensor::{Params, Tensor};

use super::{Graph, GraphValue, ValueSource};

pub use error::{NodeName, RunError};
pub use operators::{AttributeKind, OPERATORS, Operator};

use operands::{Operands, Value};

impl Graph {
    /// Computes `output` in `f64` for the input `x`, whose first dimension is the batch.
    ///
    /// ```
    /// use tapeline_layers::Graph;
    /// use tapeline_tensor::{Params, tensor};
    ///
    /// let mut graph = Graph::new(&[]);
    /// let x = graph.input();
    /// let two = graph.number(2.0);
    /// let y = graph.node("Mul", &[x, two]);
    /// let y = graph.run(y, &Params::new(), &tensor([1.0, 2.5]))?;
    /// assert_eq!(y, tensor([2.0, 5.0]));
    /// # Ok::<(), tapeline_layers::graph::RunError>(())
    /// ```
    ///
    /// # Errors
    /// The first node whose operator is not one of [`OPERATORS`], or whose inputs or attributes are
    /// not those of its operator; or an `output` that is not numbers.
    ///
    /// # Panics
    /// May panic when `output` belongs to another graph.
    pub fn run(
        &self,
        output: GraphValue,
        params: &Params<f64>,
        x: &Tensor<f64>,
    ) -> Result<Tensor<f64>, RunError> {
        let mut outputs = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let name = || NodeName {
                index,
                path: node.path.clone(),
                op: node.op,
            };
            let operator = OPERATORS.iter().find(|operator| operator.name == node.op);
            let operator = operator.ok_or_else(|| RunError::UnknownOperator(name()))?;
            let inputs = node.inputs.iter();
            let inputs: Result<_, _> = inputs
                .map(|&input| self.evaluated(input, params, x, &outputs))
                .collect();
            let found = inputs
                .and_then(|inputs| Operands::new(operator, node, inputs))
                .and_then(|operands| (operator.run)(&operands));
            outputs.push(found.map_err(|problem| RunError::Invalid(name(), problem))?);
        }
        match self.evaluated(output, params, x, &outputs) {
            Ok(Value::Numbers(y)) => Ok(y),
            Ok(other) => Err(RunError::Output(format!("it is {}", other.kind()))),
            Err(problem) => Err(RunError::Output(problem)),
        }
    }

    /// Returns a value, given the outputs of the nodes so far.
    fn evaluated(
        &self,
        value: GraphValue,
        params: &Params<f64>,
        x: &Tensor<f64>,
        outputs: &[Value],
    ) -> Result<Value, String> {
        Ok(match self.source(value) {
            ValueSource::Input => Value::Numbers(x.clone()),
            ValueSource::Param(id) => match params.iter().nth(id.index()) {
                Some(param) => Value::Numbers(param.value.clone()),
                None => {
                    let (index, len) = (id.index(), params.len());
                    return Err(format!("it uses parameter {index} of {len}"));
                }
            },
            ValueSource::Numbers(shape, numbers) => {
                let numbers = ArcArray::from_shape_vec(shape.clone(), numbers.clone());
                Value::Numbers(numbers.map_err(|e| e.to_string())?)
            }
            ValueSource::Sizes(sizes) => Value::Sizes(sizes.clone()),
            ValueSource::Node(index) => match outputs.get(*index) {
                Some(output) => output.clone(),
                None => return Err(format!("it uses the output of node {index} before it")),
            },
            ValueSource::Absent => Value::Absent,
        })
    }
}
