//! A model as plain nodes, for files that other programs run.
//!
//! The operations are those of ONNX's standard set, in the version [`OPSET`], by their names there. Nothing here knows about files: a list of nodes
//! is written by whoever wants one, in `tapeline-models` as an ONNX file.
//!
//! ```
//! use tapeline_layers::{Ctx, Element, Graph, Layer, NoNodes, Value};
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
//!     fn nodes(&self, graph: &mut Graph, x: Value) -> Result<Value, NoNodes> {
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

use std::{fmt, sync::Arc};

use tapeline_tensor::ParamId;

/// The version of ONNX's operations that nodes are of: the first one with `Gelu`. (ONNX 1.15)
pub const OPSET: i64 = 20;

/// Operations in the order in which they run, and the values between them.
pub struct Graph {
    values: Vec<Source>,
    nodes: Vec<Node>,
    path: Arc<str>,
    shape: Vec<usize>,
}

/// A value of a [`Graph`]: the input, a parameter, a constant, or what a node puts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(usize);

/// Where a [`Value`] is from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The input of the model.
    Input,
    /// A parameter or buffer.
    Param(ParamId),
    /// Numbers in row-major order, in a shape.
    Numbers(Vec<usize>, Vec<f32>),
    /// A row of sizes.
    Sizes(Vec<usize>),
    /// A node, by its place in the list.
    Node(usize),
    /// Nothing: an optional input that is left out.
    Absent,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place of the layer that it is a part of: `5.0`.
    pub path: Arc<str>,
    /// Its name in ONNX's standard set: `Conv`.
    pub op: &'static str,
    /// What it takes.
    pub inputs: Vec<Value>,
    /// What it puts out.
    pub output: Value,
    /// What else it is told.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// What a node is told beside its inputs. Numbers, words and sizes become one by `into`.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A number; files have it in `f32`.
    Number(f64),
    /// A size, an axis, or a switch.
    Size(usize),
    /// Sizes of several dimensions.
    Sizes(Vec<usize>),
    /// A word.
    Word(&'static str),
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Attribute::Number(number)
    }
}

impl From<usize> for Attribute {
    fn from(size: usize) -> Self {
        Attribute::Size(size)
    }
}

impl<const N: usize> From<[usize; N]> for Attribute {
    fn from(sizes: [usize; N]) -> Self {
        Attribute::Sizes(sizes.into())
    }
}

impl From<&'static str> for Attribute {
    fn from(word: &'static str) -> Self {
        Attribute::Word(word)
    }
}

/// A layer that doesn't say how it is written as nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoNodes {
    /// Its place: `5`, or `5.0` in the body of layer 5.
    pub path: String,
}

impl fmt::Display for NoNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "layer {} doesn't say how it is written as nodes",
            self.path
        )
    }
}

impl std::error::Error for NoNodes {}

impl Graph {
    /// A graph without nodes for an input of a shape, without the batch.
    pub fn new(shape: &[usize]) -> Self {
        Graph {
            values: vec![Source::Input],
            nodes: Vec::new(),
            path: "".into(),
            shape: shape.into(),
        }
    }

    /// The nodes so far. What one takes, an earlier one puts out.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Where a value is from.
    ///
    /// # Panics
    /// When it is a value of another graph, which may go unnoticed.
    #[track_caller]
    pub fn source(&self, value: Value) -> &Source {
        &self.values[value.0]
    }

    /// The input of the model.
    pub fn input(&self) -> Value {
        Value(0)
    }

    /// Shape of the input of the layer that is being written, without the batch.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The parameter or buffer declared as `id`.
    pub fn param(&mut self, id: ParamId) -> Value {
        self.value(Source::Param(id))
    }

    /// A parameter of one number a channel, `[channels]`, in a shape that stretches over the layer's input.
    pub fn by_channel(&mut self, id: ParamId) -> Value {
        let param = self.param(id);
        match self.shape.len() {
            0 | 1 => param,
            dimensions => self.reshape(param, &vec![1; dimensions - 1]),
        }
    }

    /// One number, for arithmetic with values of any shape.
    pub fn number(&mut self, number: f64) -> Value {
        self.numbers(&[], vec![number as f32])
    }

    /// Numbers in row-major order.
    ///
    /// # Panics
    /// When there are more or fewer than the shape holds.
    #[track_caller]
    pub fn numbers(&mut self, shape: &[usize], numbers: Vec<f32>) -> Value {
        assert_eq!(
            shape.iter().product::<usize>(),
            numbers.len(),
            "Graph::numbers: {shape:?} holds another number of values"
        );
        self.value(Source::Numbers(shape.into(), numbers))
    }

    /// A row of sizes, which some operations take as an input.
    pub fn sizes(&mut self, sizes: &[usize]) -> Value {
        self.value(Source::Sizes(sizes.into()))
    }

    /// Stands for an optional input that is left out.
    pub fn absent(&mut self) -> Value {
        self.value(Source::Absent)
    }

    /// Appends a node of one output, which is returned.
    pub fn node(&mut self, op: &'static str, inputs: &[Value]) -> Value {
        self.node_with(op, inputs, &[])
    }

    /// Appends a node that is told more than its inputs.
    pub fn node_with(
        &mut self,
        op: &'static str,
        inputs: &[Value],
        attributes: &[(&'static str, Attribute)],
    ) -> Value {
        let output = self.value(Source::Node(self.nodes.len()));
        self.nodes.push(Node {
            path: self.path.clone(),
            op,
            inputs: inputs.into(),
            output,
            attributes: attributes.into(),
        });
        output
    }

    /// Appends a node that gives `x` another shape and leaves its first dimension, the batch, as it is.
    pub fn reshape(&mut self, x: Value, shape: &[usize]) -> Value {
        // A zero is the size that `x` has there.
        let shape = self.sizes(&[&[0], shape].concat());
        self.node("Reshape", &[x, shape])
    }

    /// Appends what `f` writes, as a part of the layer at `path` with an input of `shape`.
    pub fn within<R>(&mut self, path: &str, shape: &[usize], f: impl FnOnce(&mut Graph) -> R) -> R {
        let path = std::mem::replace(&mut self.path, path.into());
        let shape = std::mem::replace(&mut self.shape, shape.into());
        let result = f(self);
        (self.path, self.shape) = (path, shape);
        result
    }

    /// Says that the layer that is being written can't be.
    pub fn no_nodes(&self) -> NoNodes {
        NoNodes {
            path: self.path.to_string(),
        }
    }

    fn value(&mut self, source: Source) -> Value {
        self.values.push(source);
        Value(self.values.len() - 1)
    }
}
