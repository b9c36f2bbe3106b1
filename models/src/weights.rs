//! Parameters as the bytes of a safetensors file, and back.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ndarray::{Array, IxDyn, ShapeBuilder};
use safetensors::{
    Dtype, SafeTensors,
    tensor::{Metadata, TensorView},
};
use serde_json::{Map, Value, json};
use tapeline_layers::Declared;
use tapeline_tensor::{Params, Tensor};

/// A model file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl FileError {
    pub(crate) fn new(file: &Path, problem: impl ToString) -> Self {
        FileError {
            file: file.into(),
            problem: problem.to_string(),
        }
    }
}

/// The bytes of a safetensors file: values in row-major order, in the order of the parameters; the same parameters give the same
/// bytes. (The writer of the `safetensors` crate puts metadata in hash order.)
pub fn encode(params: &Params, metadata: &BTreeMap<&str, String>) -> Vec<u8> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), json!(metadata));
    }
    let mut data = Vec::with_capacity(params.iter().map(|p| p.value.len() * 4).sum());
    for param in params {
        let start = data.len();
        param
            .value
            .iter()
            .for_each(|value| data.extend(value.to_le_bytes()));
        let about = json!({"dtype": "F32", "shape": param.value.shape(), "data_offsets": [start, data.len()]});
        header.insert(param.name.clone(), about);
    }
    let mut header = Value::Object(header).to_string();
    // The data begins at a multiple of 8.
    header.extend(std::iter::repeat_n(
        ' ',
        header.len().next_multiple_of(8) - header.len(),
    ));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.extend(data);
    bytes
}

/// The text metadata of a safetensors file.
///
/// # Errors
/// When it is no such file.
pub fn metadata(bytes: &[u8], file: &Path) -> Result<BTreeMap<String, String>, FileError> {
    let (_, metadata) = header(bytes, file)?;
    Ok(metadata
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect())
}

fn header(bytes: &[u8], file: &Path) -> Result<(usize, Metadata), FileError> {
    let length = bytes.first_chunk().map(|&n| u64::from_le_bytes(n));
    let problem = match length {
        None => format!(
            "is no safetensors file: it has {} bytes, fewer than the 8 of the header's length",
            bytes.len()
        ),
        Some(length) if length > bytes.len() as u64 - 8 => {
            format!(
                "is no safetensors file: its header would have {length} bytes, but {} follow",
                bytes.len() - 8
            )
        }
        Some(_) => match SafeTensors::read_metadata(bytes) {
            Ok(header) => return Ok(header),
            Err(reason) => format!("is no safetensors file: {reason}"),
        },
    };
    Err(FileError::new(file, problem))
}

/// Reads parameters that were declared, by name, from a safetensors file.
///
/// PyTorch's `num_batches_tracked` is passed over.
///
/// # Errors
/// When it is no such file, names are missing or unknown (all of them are listed), or a shape, a type or a value is wrong.
pub fn decode(bytes: &[u8], declared: &[Declared], file: &Path) -> Result<Params, FileError> {
    header(bytes, file)?;
    let fail = |problem: String| FileError::new(file, problem);
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|e| fail(format!("is no safetensors file: {e}")))?;

    let missing = declared
        .iter()
        .map(|d| d.name.as_str())
        .filter(|name| tensors.tensor(name).is_err());
    let known = |name: &str| {
        name.ends_with("num_batches_tracked") || declared.iter().any(|d| d.name == name)
    };
    let mut unknown: Vec<_> = tensors
        .names()
        .into_iter()
        .filter(|name| !known(name))
        .collect();
    unknown.sort_unstable();
    let complaints: Vec<_> = [
        ("lacks", missing.collect::<Vec<_>>()),
        ("has unexpected", unknown),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| format!("{what} {}", listed(&names)))
    .collect();
    if !complaints.is_empty() {
        return Err(fail(format!(
            "doesn't fit the model: it {}",
            complaints.join(", and ")
        )));
    }

    let mut params = Params::new();
    for declared in declared {
        let tensor = tensors
            .tensor(&declared.name)
            .map_err(|e| fail(e.to_string()))?;
        let value = value(&tensor, declared)
            .map_err(|problem| fail(format!("`{}` {problem}", declared.name)))?;
        params.push(&declared.name, declared.role, value);
    }
    Ok(params)
}

/// The first names of a list, and how many more there are.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

/// One tensor, in the memory order that was declared.
fn value(tensor: &TensorView, declared: &Declared) -> Result<Tensor, String> {
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("has type {:?}, but F32 is wanted", tensor.dtype()));
    }
    if tensor.shape() != declared.shape {
        return Err(format!(
            "has shape {:?}, but the model wants {:?}",
            tensor.shape(),
            declared.shape
        ));
    }
    let values = tensor
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes));
    if let Some((place, value)) = values
        .clone()
        .enumerate()
        .find(|(_, value)| !value.is_finite())
    {
        return Err(format!("holds {value} at place {place}"));
    }
    let mut laid_out = Array::zeros(IxDyn(&declared.shape).set_f(declared.column_major));
    laid_out
        .iter_mut()
        .zip(values)
        .for_each(|(out, value)| *out = value);
    Ok(laid_out.into())
}
