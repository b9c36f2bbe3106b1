//! A trained model as an ONNX file, for other programs to run.
//!
//! The operations are those of version [`OPSET`] of ONNX's standard set, the file is of format [`IR_VERSION`]. The graph is what the model computes
//! in evaluation: dropout is absent, batch normalisation uses its running statistics. It takes `input`, `[n, …]` with any `n`, and
//! outputs `logits`, `probabilities` or `log_probabilities`, as [`Model::meaning`](crate::Model::meaning) says. Parameters have their own names; the metadata are those of a model
//! file ([`save`](crate::save)), without `format`.

pub mod proto;
mod write;

use std::path::Path;

use prost::Message;
pub use tapeline_layers::graph::OPSET;
use tapeline_layers::{Graph, Meaning, graph::Source};
use tapeline_tensor::Params;

use self::proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::{FileError, Labels, Model, SpecError, atomic, file, weights};

/// The version of the file format: the one that came with [`OPSET`]. (ONNX 1.15)
pub const IR_VERSION: i64 = 9;

/// The most bytes that a message can have: its sizes are read as `i32`.
const MAX_BYTES: usize = i32::MAX as usize;

/// What the graph does beside what the model does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Begin with `(x · scale − mean) / std`, so that the input is pixels as they are, numbers from 0 to 255.
    pub normalise: bool,
    /// End with a softmax, so that the output is probabilities.
    pub softmax: bool,
}

/// Why a model can't be written.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A layer doesn't say how it is written, or a softmax would be a second one.
    #[error(transparent)]
    Spec(SpecError),
    /// The file would be larger than files of this kind can be.
    #[error("the model would have {0} bytes as ONNX, which ends at {MAX_BYTES}")]
    TooLarge(usize),
    /// The file can't be written.
    #[error(transparent)]
    File(FileError),
}

/// Writes an ONNX file, whole or not at all.
///
/// # Errors
/// When the model can't be written so, a parameter isn't finite, or the file can't be written; an older file then is as it was.
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

/// The message that a file would hold.
///
/// # Errors
/// When a layer doesn't say how it is written, or a softmax is asked for where the output is probabilities already.
pub fn message(
    model: &Model,
    params: &Params,
    labels: &Labels,
    options: Options,
) -> Result<ModelProto, OnnxError> {
    if options.softmax && model.meaning() == Meaning::Probabilities {
        let error = model.blame_meaning(
            "a softmax is asked for, but the model outputs probabilities already".into(),
            "leave one of them out",
        );
        return Err(OnnxError::Spec(error));
    }
    let mut metadata = file::metadata(model, labels);
    metadata.remove("format");
    let plan = &model.plan;
    let mut graph = Graph::new(&plan.input);
    let mut x = graph.input();
    if options.normalise {
        // The graph does it, so nobody else should.
        metadata.remove("normalisation");
        let numbers = labels.normalisation;
        x = graph.within("normalise", &plan.input, |graph| {
            let steps = [
                ("Mul", numbers.scale),
                ("Sub", numbers.mean),
                ("Div", numbers.std),
            ];
            steps.into_iter().fold(x, |x, (op, number)| {
                let number = graph.number(number.into());
                graph.node(op, &[x, number])
            })
        });
    }
    let mut y = plan.chain.nodes(&mut graph, x).map_err(|error| {
        let help = "in the layer's code, `Layer::nodes` is where it would";
        OnnxError::Spec(model.blame(&error.path, "doesn't say how it is written as nodes", help))
    })?;
    let ending = match (options.softmax, graph.source(y)) {
        (true, _) => Some(("Softmax", &[("axis", 1.into())][..])),
        (false, Source::Node(_)) => None,
        // An output must be put out by something.
        (false, _) => Some(("Identity", &[][..])),
    };
    if let Some((op, attributes)) = ending {
        y = graph.within("output", &plan.output, |graph| {
            graph.node_with(op, &[y], attributes)
        });
    }
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
            &plan.input,
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

    /// A signed length in 32 bits is what readers of such files have.
    #[test]
    fn two_gibibytes_are_too_large() {
        assert!(expect_fits((1 << 31) - 1).is_ok());
        let error = expect_fits(1 << 31).unwrap_err().to_string();
        assert_eq!(
            error,
            "the model would have 2147483648 bytes as ONNX, which ends at 2147483647"
        );
    }
}
