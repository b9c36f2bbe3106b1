//! Export of trained models to ONNX.
//!
//! The graph uses version [`OPSET`] of the standard operator set, and the file has format version
//! [`IR_VERSION`]. The graph computes what the model computes in evaluation: dropout is absent, and
//! batch normalization uses its running statistics. Its input is `input`, `[n, …]` with any `n`;
//! its output is `logits`, `probabilities` or `log_probabilities`, depending on
//! [`Model::meaning`](crate::Model::meaning). Parameters keep their names. The metadata is that of
//! a model file ([`save`](crate::save)) without `format`.

pub mod proto;
mod write;

use std::path::Path;

use prost::Message;
use tapeline_data::{PerChannel, atomic};
pub use tapeline_layers::graph::OPSET;
use tapeline_layers::{Graph, Meaning, graph::ValueSource};
use tapeline_spec::SpecError;
use tapeline_tensor::Params;

use self::proto::{DataType, ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::{FileError, Labels, Model, file, weights};

/// The version of the file format that was released together with [`OPSET`]. (ONNX 1.15)
pub const IR_VERSION: i64 = 9;

/// The number of the type `f32` as an attribute.
const FLOAT: usize = DataType::Float as usize;

/// The maximum size of a message in bytes: readers store sizes as `i32`.
const MAX_BYTES: usize = i32::MAX as usize;

/// Operations added to the graph of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Begin with `(x · scale − mean) / std`, so that the input is raw pixel values from 0 to 255.
    pub normalise: bool,
    /// Take the raw pixel values as bytes (`uint8`) instead of numbers. Implies `normalise`.
    pub uint8: bool,
    /// End with a softmax, so that the output is probabilities.
    pub softmax: bool,
}

/// An error exporting a model.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A layer doesn't support export, or a softmax was requested for an output of probabilities.
    #[error(transparent)]
    Spec(SpecError),
    /// The file would exceed the maximum size of an ONNX file.
    #[error("the ONNX file would have {0} bytes, wanted at most {MAX_BYTES}")]
    TooLarge(usize),
    /// The file can't be written.
    #[error(transparent)]
    File(FileError),
}

/// Writes an ONNX file atomically.
///
/// # Errors
/// Returns an error if the model can't be exported, a parameter isn't finite, or the file can't be
/// written. An older file is then unchanged.
pub fn save(
    path: &Path,
    model: &Model,
    params: &Params,
    labels: &Labels,
    options: Options,
) -> Result<(), OnnxError> {
    weights::expect_finite(path, params).map_err(OnnxError::File)?;
    let message = message(model, params, labels, options)?;
    let size = expect_fits(message.encoded_len())?;
    let mut bytes = Vec::with_capacity(size);
    message
        .encode(&mut bytes)
        .unwrap_or_else(|e| unreachable!("a vector grows: {e}"));
    let written = atomic::write(path, &bytes);
    written.map_err(|reason| OnnxError::File(FileError::unwritten(path, &reason)))
}

/// Builds the message of an ONNX file.
///
/// # Errors
/// Returns an error if a layer doesn't support export, or a softmax is requested although the
/// output consists of probabilities.
pub fn message(
    model: &Model,
    params: &Params,
    labels: &Labels,
    options: Options,
) -> Result<ModelProto, OnnxError> {
    if options.softmax && model.meaning() == Meaning::Probabilities {
        let error = model.blame_meaning(
            "a softmax was requested, but the model outputs probabilities already".into(),
            "leave one of them out",
        );
        return Err(OnnxError::Spec(error));
    }
    let mut metadata = file::metadata(model, labels);
    metadata.remove("format");
    let plan = &model.plan;
    let mut graph = Graph::new(&plan.input);
    let mut x = graph.input();
    if options.normalise || options.uint8 {
        // The graph normalizes its input, so its callers must not.
        metadata.remove("normalisation");
        let numbers = labels.normalisation;
        x = graph.within("normalise", &plan.input, |graph| {
            let steps = [
                ("Mul", PerChannel::all(numbers.scale)),
                ("Sub", numbers.mean),
                ("Div", numbers.std),
            ];
            let x = match options.uint8 {
                true => graph.node_with("Cast", &[x], &[("to", FLOAT.into())]),
                false => x,
            };
            steps.into_iter().fold(x, |x, (op, numbers)| {
                let numbers = match numbers.numbers() {
                    [only] => graph.number((*only).into()),
                    // Broadcast over the batch, rows and columns.
                    each => {
                        let wide = each.iter().map(|&number| number.into());
                        graph.numbers(&[1, each.len(), 1, 1], wide.collect())
                    }
                };
                graph.node(op, &[x, numbers])
            })
        });
    }
    let mut y = plan.chain.nodes(&mut graph, x).map_err(|error| {
        let help = "implement `Layer::nodes` for this layer";
        OnnxError::Spec(model.blame(&error.path, "can't be exported to ONNX", help))
    })?;
    let ending = match (options.softmax, graph.source(y)) {
        (true, _) => Some(("Softmax", &[("axis", 1.into())][..])),
        (false, ValueSource::Node(_)) => None,
        // An output of the graph must be the output of a node.
        (false, _) => Some(("Identity", &[][..])),
    };
    if let Some((op, attributes)) = ending {
        y = graph.within("output", &plan.output, |graph| {
            graph.node_with(op, &[y], attributes)
        });
    }
    let input = match options.uint8 {
        true => DataType::Uint8,
        false => DataType::Float,
    };
    let name = match model.meaning() {
        _ if options.softmax => "probabilities",
        Meaning::Probabilities => "probabilities",
        Meaning::LogProbabilities => "log_probabilities",
        Meaning::Logits | Meaning::UnitInterval => "logits",
    };
    let entry = |(key, value): (&str, String)| StringStringEntryProto {
        key: key.into(),
        value,
    };
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: "tapeline".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(write::graph(
            &graph,
            y,
            name,
            params,
            (input, &plan.input),
            &plan.output,
        )),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    })
}

fn expect_fits(bytes: usize) -> Result<usize, OnnxError> {
    match bytes {
        0..=MAX_BYTES => Ok(bytes),
        _ => Err(OnnxError::TooLarge(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readers of ONNX files store lengths as signed 32-bit integers.
    #[test]
    fn two_gibibytes_are_too_large() {
        assert!(expect_fits((1 << 31) - 1).is_ok());
        let error = expect_fits(1 << 31).unwrap_err().to_string();
        assert_eq!(
            error,
            "the ONNX file would have 2147483648 bytes, wanted at most 2147483647"
        );
    }
}
