//! Errors of the interpreter.

use std::{fmt, sync::Arc};

/// The reason why a graph can't be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// A node whose operator the interpreter doesn't know.
    UnknownOperator(NodeName),
    /// A node whose inputs or attributes are not those of its operator, and the problem.
    Invalid(NodeName, String),
    /// An output of the graph that is not numbers, and the problem.
    Output(String),
}

/// A node, as errors name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// Its index in [`Graph::nodes`](crate::Graph::nodes).
    pub index: usize,
    /// The path of the layer it belongs to.
    pub path: Arc<str>,
    /// Its operator.
    pub op: &'static str,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NodeName { index, path, op } = self;
        match &**path {
            "" => write!(f, "node {index}, `{op}`"),
            path => write!(f, "node {index}, `{op}` of layer {path}"),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::UnknownOperator(node) => {
                write!(f, "{node}: the interpreter doesn't know this operator")
            }
            RunError::Invalid(node, problem) => write!(f, "{node}: {problem}"),
            RunError::Output(problem) => {
                write!(f, "the output of the graph must be numbers: {problem}")
            }
        }
    }
}

impl std::error::Error for RunError {}
