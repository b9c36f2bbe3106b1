//! A model as data for `runtime.js`: its ONNX message in JSON, with the weights in base64.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::{Value, json};
use tapeline_spec::SpecError;
use tapeline_tensor::Params;

use crate::{
    Labels, Model,
    onnx::{
        self, Options,
        proto::{AttributeProto, AttributeType, DataType, NodeProto, TensorProto},
    },
    weights::to_half,
};

/// Arrays of at least this many values may be rounded to `f16`. The others add little to a page:
/// biases, normalization.
const LARGE: usize = 1024;

/// Arrays are rounded if their largest value is in this range, where the rounding error of each value
/// is at most 2⁻¹¹ of itself or 2⁻¹⁷ of the largest one.
const ROUNDED: std::ops::RangeInclusive<f32> = 1.0 / 256.0..=65504.0;

/// The nodes and constants of a model. Serialized, it is what `runtime.js` runs.
#[derive(Serialize)]
pub struct Program {
    input: String,
    output: String,
    nodes: Vec<Node>,
    constants: Vec<Constant>,
    /// The bytes of all constants, little-endian, in base64.
    weights: String,
}

#[derive(Serialize)]
struct Node {
    name: String,
    op: String,
    inputs: Vec<String>,
    output: String,
    attributes: BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Constant {
    name: String,
    shape: Vec<i64>,
    r#type: &'static str,
    /// The range of its bytes.
    bytes: [usize; 2],
}

impl Program {
    /// Converts a model to nodes, with the operations around it that `options` add. Large arrays are
    /// rounded to `f16` unless `f32` is set.
    ///
    /// # Errors
    /// Same as [`onnx::message`].
    pub fn new(
        model: &Model,
        params: &Params,
        labels: &Labels,
        options: Options,
        f32: bool,
    ) -> Result<Self, SpecError> {
        let message =
            onnx::message(model, params, labels, options).map_err(|error| match error {
                onnx::OnnxError::Spec(error) => error,
                error => unreachable!("building a message writes no file: {error}"),
            })?;
        let graph = message.graph.unwrap_or_default();
        let name = |values: &[onnx::proto::ValueInfoProto]| values[0].name.clone();
        let mut bytes = Vec::new();
        let constant = |tensor| Constant::new(tensor, f32, &mut bytes);
        Ok(Program {
            input: name(&graph.input),
            output: name(&graph.output),
            constants: graph.initializer.into_iter().map(constant).collect(),
            nodes: graph.node.into_iter().map(Node::new).collect(),
            weights: BASE64_STANDARD.encode(bytes),
        })
    }

    /// Returns the number of values that were rounded.
    pub fn rounded(&self) -> usize {
        let halves = self
            .constants
            .iter()
            .filter(|constant| constant.r#type == "f16");
        halves
            .map(|constant| (constant.bytes[1] - constant.bytes[0]) / 2)
            .sum()
    }
}

impl Node {
    fn new(node: NodeProto) -> Self {
        let attribute = |attribute: AttributeProto| {
            let value = match attribute.r#type() {
                AttributeType::Undefined => Value::Null,
                AttributeType::Float => json!(attribute.f),
                AttributeType::Int => json!(attribute.i),
                AttributeType::String => {
                    let word = attribute.s.as_deref().unwrap_or_default();
                    json!(String::from_utf8_lossy(word))
                }
                AttributeType::Strings => {
                    let words = attribute.strings.iter();
                    json!(
                        words
                            .map(|word| String::from_utf8_lossy(word))
                            .collect::<Vec<_>>()
                    )
                }
                AttributeType::Ints => json!(attribute.ints),
            };
            (attribute.name, value)
        };
        Node {
            name: node.name,
            op: node.op_type,
            inputs: node.input,
            output: node.output.concat(),
            attributes: node.attribute.into_iter().map(attribute).collect(),
        }
    }
}

impl Constant {
    /// Appends the bytes of a tensor.
    fn new(tensor: TensorProto, f32: bool, bytes: &mut Vec<u8>) -> Self {
        let from = bytes.len();
        let r#type = match tensor.data_type() {
            DataType::Int64 => "i64",
            _ => match rounded(&tensor.raw_data).filter(|_| !f32) {
                Some(halves) => {
                    bytes.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
                    "f16"
                }
                None => "f32",
            },
        };
        if r#type != "f16" {
            bytes.extend(tensor.raw_data);
        }
        Constant {
            name: tensor.name,
            shape: tensor.dims,
            r#type,
            bytes: [from, bytes.len()],
        }
    }
}

/// Rounds the bytes of `f32` values to `f16`; `None` if they are few, or out of range.
fn rounded(bytes: &[u8]) -> Option<Vec<u16>> {
    let (values, _) = bytes.as_chunks::<4>();
    let values = values.iter().map(|&bytes| f32::from_le_bytes(bytes));
    let largest = values.clone().fold(0.0f32, |most, x| most.max(x.abs()));
    let fits = values.len() >= LARGE && ROUNDED.contains(&largest);
    fits.then(|| values.map(to_half).collect())
}
