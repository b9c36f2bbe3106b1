//! Conversion of a graph to ONNX messages, in which every value has a unique name.

use std::collections::{BTreeMap, BTreeSet};

use tapeline_layers::{
    Graph, GraphValue,
    graph::{Attribute, ValueSource},
};
use tapeline_tensor::{ParamId, Params};

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Name of the input.
const INPUT: &str = "input";

/// Name of the batch dimension.
const BATCH: &str = "n";

/// Builds the message of a graph.
///
/// The input has a type; the shapes `input` and `output` exclude the batch dimension. Parameters
/// keep their names.
pub fn graph(
    graph: &Graph,
    result: GraphValue,
    result_name: &str,
    params: &Params,
    (input_type, input): (DataType, &[usize]),
    output: &[usize],
) -> GraphProto {
    let mut writer = Writer {
        graph,
        params,
        result: (result, result_name),
        taken: BTreeSet::from([INPUT.to_string(), result_name.to_string()]),
        outputs: Vec::new(),
        written: BTreeMap::new(),
        message: GraphProto {
            name: "tapeline".into(),
            input: vec![value_info(INPUT, input_type, input)],
            output: vec![value_info(result_name, DataType::Float, output)],
            ..GraphProto::default()
        },
    };
    writer
        .taken
        .extend(params.iter().map(|param| param.name.clone()));
    writer.nodes();
    writer.message
}

struct Writer<'a> {
    graph: &'a Graph,
    params: &'a Params,
    /// The output of the graph, and its name.
    result: (GraphValue, &'a str),
    taken: BTreeSet<String>,
    /// Names of the node outputs, in order.
    outputs: Vec<String>,
    /// The parameters that are already in the message.
    written: BTreeMap<ParamId, String>,
    message: GraphProto,
}

impl Writer<'_> {
    fn nodes(&mut self) {
        for node in self.graph.nodes() {
            let input = node
                .inputs
                .iter()
                .map(|&value| self.name(value, &node.path));
            let input = input.collect();
            let name = self.free(&format!("{}.{}", node.path, node.op));
            let output = match node.output == self.result.0 {
                true => self.result.1.to_string(),
                false => name.clone(),
            };
            self.outputs.push(output.clone());
            self.message.node.push(NodeProto {
                input,
                output: vec![output],
                name,
                op_type: node.op.into(),
                attribute: node.attributes.iter().map(attribute).collect(),
            });
        }
    }

    /// Returns the name of an input of a node at `path`. Adds parameters and constants to the
    /// message on first use.
    fn name(&mut self, value: GraphValue, path: &str) -> String {
        match self.graph.source(value) {
            ValueSource::Input => INPUT.into(),
            ValueSource::Absent => String::new(),
            ValueSource::Node(place) => self.outputs[*place].clone(),
            ValueSource::Param(id) => {
                if let Some(name) = self.written.get(id) {
                    return name.clone();
                }
                let param = self.params.get(*id);
                self.written.insert(*id, param.name.clone());
                let bytes = param.value.iter().flat_map(|x| x.to_le_bytes()).collect();
                let name = param.name.clone();
                self.initializer(name, param.value.shape(), DataType::Float, bytes)
            }
            ValueSource::Numbers(shape, numbers) => {
                let bytes = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes());
                let name = self.free(&format!("{path}.constant"));
                self.initializer(name, shape, DataType::Float, bytes.collect())
            }
            ValueSource::Sizes(sizes) => {
                let bytes = sizes.iter().flat_map(|&x| (x as i64).to_le_bytes());
                let name = self.free(&format!("{path}.sizes"));
                self.initializer(name, &[sizes.len()], DataType::Int64, bytes.collect())
            }
        }
    }

    fn initializer(
        &mut self,
        name: String,
        shape: &[usize],
        data_type: DataType,
        raw_data: Vec<u8>,
    ) -> String {
        self.message.initializer.push(TensorProto {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: data_type.into(),
            name: name.clone(),
            raw_data,
        });
        name
    }

    /// Returns a unique name.
    fn free(&mut self, name: &str) -> String {
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        let free = [name.to_string()]
            .into_iter()
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .unwrap_or_else(|| unreachable!("there is always a number more"));
        self.taken.insert(free.clone());
        free
    }
}

fn attribute((name, value): &(&'static str, Attribute)) -> AttributeProto {
    let mut message = AttributeProto {
        name: name.to_string(),
        ..AttributeProto::default()
    };
    let kind = match value {
        Attribute::Number(number) => {
            message.f = Some(*number as f32);
            AttributeType::Float
        }
        Attribute::Size(size) => {
            message.i = Some(*size as i64);
            AttributeType::Int
        }
        Attribute::Sizes(sizes) => {
            message.ints = sizes.iter().map(|&size| size as i64).collect();
            AttributeType::Ints
        }
        Attribute::Word(word) => {
            message.s = Some(word.as_bytes().to_vec());
            AttributeType::String
        }
        Attribute::Words(words) => {
            message.strings = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            AttributeType::Strings
        }
    };
    message.r#type = kind.into();
    message
}

/// Describes a tensor with a variable batch size.
fn value_info(name: &str, data_type: DataType, shape: &[usize]) -> ValueInfoProto {
    let batch = Dimension {
        dim_param: Some(BATCH.into()),
        ..Dimension::default()
    };
    let size = |&size: &usize| Dimension {
        dim_value: Some(size as i64),
        ..Dimension::default()
    };
    let dim = [batch].into_iter().chain(shape.iter().map(size)).collect();
    let tensor_type = TensorTypeProto {
        elem_type: data_type.into(),
        shape: Some(TensorShapeProto { dim }),
    };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor_type),
        }),
    }
}
