//! Model files: a trained model with everything needed to use it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
};

use serde::Deserialize;
use serde_json::json;
use tapeline_data::{Figure, Normalisation, PerChannel, Preparation, Statistics, atomic, files};
use tapeline_layers::LayerDef;
use tapeline_spec::{Presets, Registry, quote};
use tapeline_tensor::Params;

use crate::{FileError, Model, weights};

/// The value of `format` in the metadata.
const FORMAT: &str = "tapeline-1";

/// A trained model.
///
/// It is stored as a safetensors file with PyTorch's names; the metadata holds the spec, the input
/// shape, the class names, the normalization of pixels, the preparation of pictures, and figures of
/// the training images.
pub struct TrainedModel {
    /// The model.
    pub model: Model,
    /// Its weights.
    pub params: Params,
    /// The meaning of its inputs and outputs.
    pub labels: Labels,
}

/// The meaning of a model's inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// Class names in the order of the outputs.
    pub classes: Vec<String>,
    /// Conversion from the bytes of an image to input values.
    pub normalisation: Normalisation,
    /// How pictures of another size are prepared.
    pub preparation: Preparation,
    /// Figures of the training images, if known.
    pub statistics: Option<Statistics>,
}

impl TrainedModel {
    /// Writes the model file atomically.
    ///
    /// # Errors
    /// Returns an error if the file can't be written or a parameter isn't finite. An older file is
    /// then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        save(path.as_ref(), &self.model, &self.params, &self.labels)
    }
}

/// Writes a model file atomically.
///
/// # Errors
/// Returns an error if the file can't be written or a parameter isn't finite. An older file is then
/// unchanged.
pub fn save(path: &Path, model: &Model, params: &Params, labels: &Labels) -> Result<(), FileError> {
    weights::expect_finite(path, params)?;
    atomic::write(path, &encode(model, params, labels))
        .map_err(|reason| FileError::unwritten(path, &reason))
}

/// Returns the bytes of a model file.
pub fn encode(model: &Model, params: &Params, labels: &Labels) -> Vec<u8> {
    weights::encode(params, &metadata(model, labels))
}

/// Returns the metadata of a model file.
pub(crate) fn metadata(model: &Model, labels: &Labels) -> BTreeMap<&'static str, String> {
    let mut metadata = BTreeMap::from([
        ("format", FORMAT.to_string()),
        ("spec", model.full().to_string()),
        ("input", shape_text(&model.plan.input)),
        ("classes", json!(labels.classes).to_string()),
        ("normalisation", normalisation(&labels.normalisation)),
    ]);
    if labels.preparation != Preparation::None {
        metadata.insert("preparation", labels.preparation.name().into());
    }
    if let Some(statistics) = &labels.statistics {
        metadata.insert("statistics", written(statistics));
    }
    metadata
}

/// Formats statistics: the minimum and maximum of each figure.
fn written(statistics: &Statistics) -> String {
    let ranges = Figure::ALL.map(|figure| (figure.name(), statistics.range(figure)));
    json!(BTreeMap::from(ranges)).to_string()
}

/// Reads what [`written`] writes; `None` if it is something else.
fn statistics(text: &str) -> Option<Statistics> {
    let ranges: BTreeMap<String, [f32; 2]> = serde_json::from_str(text).ok()?;
    let [mean, ink, contrast] = Figure::ALL.map(|figure| ranges.get(figure.name()).copied());
    Statistics::new([mean?, ink?, contrast?])
}

/// Formats a normalization: one number for all channels, or a list with one for each.
fn normalisation(normalisation: &Normalisation) -> String {
    let Normalisation { scale, mean, std } = normalisation;
    let written = |numbers: &PerChannel| match numbers.numbers() {
        [only] => json!(only),
        each => json!(each),
    };
    json!({"scale": scale, "mean": written(mean), "std": written(std)}).to_string()
}

/// One number for all channels, or one for each.
#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    One(f32),
    Each(Vec<f32>),
}

impl Numbers {
    /// Returns the numbers if all are finite.
    fn per_channel(&self) -> Option<PerChannel> {
        let numbers = match self {
            Numbers::One(number) => PerChannel::all(*number),
            Numbers::Each(numbers) => PerChannel::each(numbers)?,
        };
        let is_finite = numbers.numbers().iter().all(|number| number.is_finite());
        is_finite.then_some(numbers)
    }
}

/// Reads a model file. The file is not trusted: spec, names, shapes, types and values are checked.
///
/// # Errors
/// Returns an error if the file can't be read, isn't a model file of this program, or is
/// inconsistent.
pub fn load(
    path: &Path,
    layers: &Registry<LayerDef>,
    presets: &Presets,
) -> Result<TrainedModel, FileError> {
    decode(&read(path)?, path, layers, presets)
}

/// Decodes the bytes of a model file; `name` is used in error messages.
///
/// # Errors
/// Same as [`load`].
pub fn decode(
    bytes: &[u8],
    name: &Path,
    layers: &Registry<LayerDef>,
    presets: &Presets,
) -> Result<TrainedModel, FileError> {
    let fail = |problem: String| FileError::new(name, problem);
    let metadata = weights::metadata(bytes, name)?;
    let entry = |name: &str| {
        let help = "it holds weights only: pass them together with a spec";
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
            "its input {} is not a shape like 1x28x28",
            quote(input)
        ))
    })?;
    let model = Model::build(entry("spec")?, &input, layers, presets)
        .map_err(|e| fail(format!("its spec is wrong: {}", e.summary())))?;
    let count = model
        .classes()
        .map_err(|e| fail(format!("its spec is wrong: {}", e.summary())))?;

    let json = |name: &str, problem: serde_json::Error| {
        fail(format!("its {name} can't be read: {problem}"))
    };
    let classes: Vec<String> =
        serde_json::from_str(entry("classes")?).map_err(|e| json("classes", e))?;
    if classes.len() != count {
        return Err(fail(format!(
            "names {} classes, but its model outputs {count}",
            classes.len()
        )));
    }
    let numbers: BTreeMap<String, Numbers> =
        serde_json::from_str(entry("normalisation")?).map_err(|e| json("normalisation", e))?;
    let number = |name: &str| {
        let numbers = numbers.get(name).and_then(Numbers::per_channel);
        numbers.ok_or_else(|| fail(format!("its normalisation has no finite `{name}`")))
    };
    let normalisation = Normalisation {
        scale: number("scale")?.get(0),
        mean: number("mean")?,
        std: number("std")?,
    };
    let normalisation = normalisation
        .checked()
        .map_err(|problem| fail(format!("its normalisation is wrong: {problem}")))?;
    let channels = model.plan.input.first().copied().unwrap_or(1);
    if !normalisation.fits(channels) {
        return Err(fail(format!(
            "its normalisation is for another number of channels than {channels}"
        )));
    }

    // Older files have neither of these.
    let preparation = match metadata.get("preparation") {
        None => Preparation::None,
        Some(name) => Preparation::named(name)
            .ok_or_else(|| fail(format!("its preparation {} is unknown", quote(name))))?,
    };
    let statistics = match metadata.get("statistics") {
        None => None,
        Some(text) => Some(statistics(text).ok_or_else(|| {
            fail(format!(
                "its statistics {} are not ranges of figures",
                quote(text)
            ))
        })?),
    };

    let params = weights::decode(bytes, &model.plan.declared, name)?;
    Ok(TrainedModel {
        model,
        params,
        labels: Labels {
            classes,
            normalisation,
            preparation,
            statistics,
        },
    })
}

/// Reads the weights of a model from a safetensors file of any origin that uses PyTorch's names.
///
/// # Errors
/// Returns an error if the file can't be read or doesn't fit the model.
pub fn load_weights(path: &Path, model: &Model) -> Result<Params, FileError> {
    weights::decode(&read(path)?, &model.plan.declared, path)
}

/// Reads a file named by the user, which may be a pipe.
///
/// # Errors
/// Returns an error if it can't be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = files::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|reason| unread(path, &reason))?;
    Ok(bytes)
}

/// Reads a file found in a folder, which must be a regular file.
pub(crate) fn read_found(path: &Path) -> Result<Vec<u8>, FileError> {
    files::read_regular(path).map_err(|reason| unread(path, &reason))
}

fn unread(path: &Path, reason: &io::Error) -> FileError {
    FileError::new(path, format!("can't be read: {reason}"))
}

/// Formats a shape as text: `1x28x28`.
pub fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    sizes.join("x")
}

/// Parses a shape such as `1x28x28`: one to four sizes from 1 to 65536.
pub fn parse_shape(text: &str) -> Option<Vec<usize>> {
    let size = |size: &str| {
        size.parse()
            .ok()
            .filter(|size| (1..=1 << 16).contains(size))
    };
    let shape: Vec<usize> = text.split('x').map(size).collect::<Option<_>>()?;
    (shape.len() <= 4).then_some(shape)
}
