//! A model as a graph of ONNX operations, for export to other programs.
//!
//! Operations are those of the ONNX standard operator set, in version [`OPSET`], under their ONNX
//! names. This module knows nothing about files: `tapeline-models` writes a graph as an ONNX file.
//!
//! ```
//! use tapeline_layers::{Ctx, Element, Graph, Layer, NoNodes, GraphValue};
//! use tapeline_tensor::Var;
//!
//! /// `x²`
//! struct Square;
//!
//! impl<T: Element> Layer<T> for Square {
//!     fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
//!         x.square()
//!     }
//!
//!     fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
//!         Ok(graph.node("Mul", &[x, x]))
//!     }
//! }
//!
//! let mut graph = Graph::new(&[3]);
//! let x = graph.input();
//! let y = Layer::<f32>::nodes(&Square, &mut graph, x)?;
//! assert_eq!((graph.nodes()[0].op, graph.nodes()[0].output), ("Mul", y));
//! # Ok::<(), NoNodes>(())
//! ```

mod helpers;
mod node;
mod run;

use std::sync::Arc;

use tapeline_tensor::ParamId;

pub use node::{Attribute, NoNodes, Node, ValueSource};
pub use run::{AttributeKind, NodeName, OPERATORS, Operator, RunError};

/// The version of the ONNX operator set: the first one with `Gelu`. (ONNX 1.15)
pub const OPSET: i64 = 20;

/// Operations in execution order, and the values between them.
pub struct Graph {
    values: Vec<ValueSource>,
    nodes: Vec<Node>,
    path: Arc<str>,
    shape: Vec<usize>,
}

/// A value of a [`Graph`]: the input, a parameter, a constant, or the output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphValue(usize);

impl Graph {
    /// Creates a graph without nodes for an input of the given shape, without the batch.
    pub fn new(shape: &[usize]) -> Self {
        Graph {
            values: vec![ValueSource::Input],
            nodes: Vec::new(),
            path: "".into(),
            shape: shape.into(),
        }
    }

    /// Returns the nodes so far. Each node comes after the nodes whose outputs it uses.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the source of a value.
    ///
    /// # Panics
    /// May panic when the value belongs to another graph.
    #[track_caller]
    pub fn source(&self, value: GraphValue) -> &ValueSource {
        &self.values[value.0]
    }

    /// Returns the input of the model.
    pub fn input(&self) -> GraphValue {
        GraphValue(0)
    }

    /// Returns the input shape of the current layer, without the batch.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns the parameter or buffer declared as `id`.
    pub fn param(&mut self, id: ParamId) -> GraphValue {
        self.value(ValueSource::Param(id))
    }

    /// Returns a parameter of shape `[channels]`, reshaped so that it broadcasts over the input of
    /// the current layer.
    pub fn by_channel(&mut self, id: ParamId) -> GraphValue {
        let param = self.param(id);
        match self.shape.len() {
            0 | 1 => param,
            dimensions => self.reshape(param, &vec![1; dimensions - 1]),
        }
    }

    /// Appends a node that reorders the dimensions: dimension `i` of its output is dimension `axes[i]`
    /// of `x`, including the batch. Returns its output.
    pub fn transpose(&mut self, x: GraphValue, axes: &[usize]) -> GraphValue {
        self.node_with(
            "Transpose",
            &[x],
            &[("perm", Attribute::Sizes(axes.into()))],
        )
    }

    /// Adds a scalar constant, for arithmetic with values of any shape.
    pub fn number(&mut self, number: f64) -> GraphValue {
        self.numbers(&[], vec![number])
    }

    /// Adds a constant with values in row-major order.
    ///
    /// # Panics
    /// When the number of values doesn't match the shape.
    #[track_caller]
    pub fn numbers(&mut self, shape: &[usize], numbers: Vec<f64>) -> GraphValue {
        assert_eq!(
            shape.iter().product::<usize>(),
            numbers.len(),
            "Graph::numbers: the number of values doesn't match the shape {shape:?}"
        );
        self.value(ValueSource::Numbers(shape.into(), numbers))
    }

    /// Adds a list of sizes, which some operations take as an input.
    pub fn sizes(&mut self, sizes: &[usize]) -> GraphValue {
        self.value(ValueSource::Sizes(sizes.into()))
    }

    /// Adds a placeholder for an omitted optional input.
    pub fn absent(&mut self) -> GraphValue {
        self.value(ValueSource::Absent)
    }

    /// Appends a node without attributes. Returns its output.
    pub fn node(&mut self, op: &'static str, inputs: &[GraphValue]) -> GraphValue {
        self.node_with(op, inputs, &[])
    }

    /// Appends a node with attributes. Returns its output.
    pub fn node_with(
        &mut self,
        op: &'static str,
        inputs: &[GraphValue],
        attributes: &[(&'static str, Attribute)],
    ) -> GraphValue {
        let output = self.value(ValueSource::Node(self.nodes.len()));
        self.nodes.push(Node {
            path: self.path.clone(),
            op,
            inputs: inputs.into(),
            output,
            attributes: attributes.into(),
        });
        output
    }

    /// Appends a node that reshapes `x` and keeps its first dimension, the batch. Returns its
    /// output.
    pub fn reshape(&mut self, x: GraphValue, shape: &[usize]) -> GraphValue {
        // In ONNX, a size of 0 keeps the size of the input.
        let shape = self.sizes(&[&[0], shape].concat());
        self.node("Reshape", &[x, shape])
    }

    /// Appends the nodes that `f` adds as a part of the layer at `path`, with an input of `shape`.
    pub fn within<R>(&mut self, path: &str, shape: &[usize], f: impl FnOnce(&mut Graph) -> R) -> R {
        let path = std::mem::replace(&mut self.path, path.into());
        let shape = std::mem::replace(&mut self.shape, shape.into());
        let result = f(self);
        (self.path, self.shape) = (path, shape);
        result
    }

    /// Returns the error that the current layer can't be written as nodes.
    pub fn no_nodes(&self) -> NoNodes {
        NoNodes {
            path: self.path.to_string(),
        }
    }

    fn value(&mut self, source: ValueSource) -> GraphValue {
        self.values.push(source);
        GraphValue(self.values.len() - 1)
    }
}
