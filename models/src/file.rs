//! Model files: a trained model, with all that is needed to use it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
};

use serde_json::json;
use tapeline_data::{Normalisation, files};
use tapeline_layers::LayerDef;
use tapeline_spec::{Presets, Registry, quote};
use tapeline_tensor::Params;

use crate::{FileError, Model, atomic, weights};

/// What the metadata's `format` says.
const FORMAT: &str = "tapeline-1";

/// A trained model: a safetensors file with PyTorch's names, and in its metadata the spec, the input shape, the names of the classes and
/// how pixels become numbers.
pub struct TrainedModel {
    /// The model.
    pub model: Model,
    /// Its weights.
    pub params: Params,
    /// What its inputs and outputs mean.
    pub labels: Labels,
}

/// What a model's inputs and outputs mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// Name of each class, in the order of the outputs.
    pub classes: Vec<String>,
    /// How the bytes of an image become the numbers of its input.
    pub normalisation: Normalisation,
}

/// Writes a model file, whole or not at all.
///
/// # Errors
/// When it can't be written, or a parameter isn't finite; an older file then is as it was.
pub fn save(path: &Path, model: &Model, params: &Params, labels: &Labels) -> Result<(), FileError> {
    weights::expect_finite(path, params)?;
    atomic::write(path, &encode(model, params, labels))
        .map_err(|reason| FileError::unwritten(path, &reason))
}

/// The bytes of a model file.
pub fn encode(model: &Model, params: &Params, labels: &Labels) -> Vec<u8> {
    weights::encode(params, &metadata(model, labels))
}

/// What a file says about its model, as text.
pub(crate) fn metadata(model: &Model, labels: &Labels) -> BTreeMap<&'static str, String> {
    let Normalisation { scale, mean, std } = labels.normalisation;
    BTreeMap::from([
        ("format", FORMAT.to_string()),
        ("spec", model.full().to_string()),
        ("input", shape_text(&model.plan.input)),
        ("classes", json!(labels.classes).to_string()),
        (
            "normalisation",
            json!({"scale": scale, "mean": mean, "std": std}).to_string(),
        ),
    ])
}

/// Reads a model file. Nothing in it is taken on trust: spec, names, shapes, types and values are checked.
///
/// # Errors
/// When it can't be read, is no model file of this program, or its parts don't fit each other.
pub fn load(
    path: &Path,
    layers: &Registry<LayerDef>,
    presets: &Presets,
) -> Result<TrainedModel, FileError> {
    decode(&read(path)?, path, layers, presets)
}

/// Reads the bytes of a model file; `name` stands in error messages.
///
/// # Errors
/// As [`load`].
pub fn decode(
    bytes: &[u8],
    name: &Path,
    layers: &Registry<LayerDef>,
    presets: &Presets,
) -> Result<TrainedModel, FileError> {
    let fail = |problem: String| FileError::new(name, problem);
    let metadata = weights::metadata(bytes, name)?;
    let entry = |name: &str| {
        let help = "it holds weights only: give them beside a spec";
        metadata
            .get(name)
            .ok_or_else(|| fail(format!("has no `{name}` in its metadata; {help}")))
    };
    let format = entry("format")?;
    if format != FORMAT {
        return Err(fail(format!(
            "has format {}, but this program reads `{FORMAT}`",
            quote(format)
        )));
    }

    let input = entry("input")?;
    let input = parse_shape(input).ok_or_else(|| {
        fail(format!(
            "its input {} is no shape like 1x28x28",
            quote(input)
        ))
    })?;
    let model = Model::build(entry("spec")?, &input, layers, presets)
        .map_err(|e| fail(format!("its spec is wrong: {e}")))?;
    let count = model
        .classes()
        .map_err(|e| fail(format!("its spec is wrong: {e}")))?;

    let json = |name: &str, problem: serde_json::Error| {
        fail(format!("its {name} can't be read: {problem}"))
    };
    let classes: Vec<String> =
        serde_json::from_str(entry("classes")?).map_err(|e| json("classes", e))?;
    if classes.len() != count {
        return Err(fail(format!(
            "names {} classes, but its model puts out {count}",
            classes.len()
        )));
    }
    let numbers: BTreeMap<String, f32> =
        serde_json::from_str(entry("normalisation")?).map_err(|e| json("normalisation", e))?;
    let number = |name: &str| {
        let number = numbers.get(name).copied().filter(|n| n.is_finite());
        number.ok_or_else(|| fail(format!("its normalisation has no finite `{name}`")))
    };
    let normalisation = Normalisation {
        scale: number("scale")?,
        mean: number("mean")?,
        std: number("std")?,
    };
    let normalisation = normalisation
        .checked()
        .map_err(|problem| fail(format!("its normalisation is wrong: {problem}")))?;

    let params = weights::decode(bytes, &model.plan.declared, name)?;
    Ok(TrainedModel {
        model,
        params,
        labels: Labels {
            classes,
            normalisation,
        },
    })
}

/// Reads the weights of a model from a safetensors file of any origin, by PyTorch's names.
///
/// # Errors
/// When it can't be read or doesn't fit the model.
pub fn load_weights(path: &Path, model: &Model) -> Result<Params, FileError> {
    weights::decode(&read(path)?, &model.plan.declared, path)
}

/// Reads a file that a user has named, which may be a pipe.
///
/// # Errors
/// When it can't be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = files::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|reason| unread(path, &reason))?;
    Ok(bytes)
}

/// Reads a file that was found in a folder.
pub(crate) fn read_found(path: &Path) -> Result<Vec<u8>, FileError> {
    files::read_regular(path).map_err(|reason| unread(path, &reason))
}

fn unread(path: &Path, reason: &io::Error) -> FileError {
    FileError::new(path, format!("can't be read: {reason}"))
}

/// A shape as text: `1x28x28`.
pub fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    sizes.join("x")
}

/// The shape that a text like `1x28x28` stands for: one to four sizes from 1 to 65536.
pub fn parse_shape(text: &str) -> Option<Vec<usize>> {
    let size = |size: &str| {
        size.parse()
            .ok()
            .filter(|size| (1..=1 << 16).contains(size))
    };
    let shape: Vec<usize> = text.split('x').map(size).collect::<Option<_>>()?;
    (shape.len() <= 4).then_some(shape)
}
