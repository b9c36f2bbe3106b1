//! Nodes of a graph, their inputs and their attributes.

use std::{fmt, sync::Arc};

use tapeline_tensor::ParamId;

use super::GraphValue;

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The path of the layer it belongs to: `5.0`.
    pub path: Arc<str>,
    /// Its name in the ONNX operator set: `Conv`.
    pub op: &'static str,
    /// Its inputs.
    pub inputs: Vec<GraphValue>,
    /// Its output.
    pub output: GraphValue,
    /// Its attributes.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// The source of a [`GraphValue`].
#[derive(Clone, Debug, PartialEq)]
pub enum ValueSource {
    /// The input of the model.
    Input,
    /// A parameter or buffer.
    Param(ParamId),
    /// A constant: its shape, and its values in row-major order; stored as `f32` in files.
    Numbers(Vec<usize>, Vec<f64>),
    /// A constant list of sizes.
    Sizes(Vec<usize>),
    /// The output of a node, given by its index in the list.
    Node(usize),
    /// An omitted optional input.
    Absent,
}

/// An attribute of a node. Converts from numbers, sizes and words with `into`.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A number; stored as `f32` in files.
    Number(f64),
    /// A size, an axis, or a flag.
    Size(usize),
    /// Sizes of several dimensions.
    Sizes(Vec<usize>),
    /// A word.
    Word(&'static str),
    /// Several words.
    Words(Vec<&'static str>),
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

impl From<&[usize]> for Attribute {
    fn from(sizes: &[usize]) -> Self {
        Attribute::Sizes(sizes.into())
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

/// A layer that can't be written as nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoNodes {
    /// Its path: `5`, or `5.0` in the body of layer 5.
    pub path: String,
}

impl fmt::Display for NoNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} can't be written as ONNX nodes", self.path)
    }
}

impl std::error::Error for NoNodes {}
