//! Reading and writing parameters as safetensors.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use ndarray::{Array, IxDyn, ShapeBuilder};
use serde_json::{Map, Value, json};
use tapeline_layers::Declared;
use tapeline_spec::{printable, quote};
use tapeline_tensor::{Params, Tensor, is_finite};

use crate::header::{self, Stored};

/// An error reading or writing a model file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: String,
    /// Whether the problem is that it can't be written, as on a full disk.
    pub unwritable: bool,
}

impl FileError {
    pub(crate) fn new(file: &Path, problem: impl ToString) -> Self {
        FileError {
            file: file.into(),
            problem: shown(&problem.to_string()),
            unwritable: false,
        }
    }

    pub(crate) fn unwritten(file: &Path, reason: &io::Error) -> Self {
        FileError {
            unwritable: true,
            ..FileError::new(file, format!("can't be written: {reason}"))
        }
    }
}

/// Makes a problem safe to display, since parts of it may come from the file.
fn shown(problem: &str) -> String {
    const MOST: usize = 1000;
    match problem.char_indices().nth(MOST) {
        Some((end, _)) => printable(&problem[..end]) + "…",
        None => printable(problem),
    }
}

/// Checks that parameters are finite before they are written, since our readers reject other
/// values.
pub(crate) fn expect_finite(file: &Path, params: &Params) -> Result<(), FileError> {
    let mut params = params.iter();
    params.try_for_each(|param| expect_finite_tensor(file, &param.name, &param.value))
}

/// Same as [`expect_finite`], for one tensor.
pub(crate) fn expect_finite_tensor(
    file: &Path,
    name: &str,
    value: &Tensor,
) -> Result<(), FileError> {
    match is_finite(value) {
        true => Ok(()),
        false => Err(FileError::new(
            file,
            format!("`{name}` has values that aren't finite"),
        )),
    }
}

/// Encodes parameters as a safetensors file: values in row-major order, in parameter order.
///
/// The output is deterministic. (The writer of the `safetensors` crate stores metadata in hash
/// order.)
pub fn encode(params: &Params, metadata: &BTreeMap<&str, String>) -> Vec<u8> {
    let named = params
        .iter()
        .map(|param| (param.name.clone(), &param.value));
    encode_named(named, metadata)
}

/// Same as [`encode`], for tensors with arbitrary names.
pub(crate) fn encode_named<'a>(
    tensors: impl IntoIterator<Item = (String, &'a Tensor)>,
    metadata: &BTreeMap<&str, String>,
) -> Vec<u8> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), json!(metadata));
    }
    let mut data = Vec::new();
    for (name, value) in tensors {
        let start = data.len();
        data.reserve(value.len() * size_of::<f32>());
        value
            .iter()
            .for_each(|value| data.extend(value.to_le_bytes()));
        let about =
            json!({"dtype": "F32", "shape": value.shape(), "data_offsets": [start, data.len()]});
        header.insert(name, about);
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

/// Returns the metadata of a safetensors file.
///
/// # Errors
/// Returns an error if the bytes aren't a safetensors file.
pub fn metadata(bytes: &[u8], file: &Path) -> Result<BTreeMap<String, String>, FileError> {
    header::read(bytes, file).map(|contents| contents.metadata)
}

/// Reads the declared parameters by name from a safetensors file.
///
/// Accepts values of type `f32`, `f64`, `f16` and `bf16`, and tensors in any order; ignores
/// PyTorch's `num_batches_tracked`.
///
/// # Errors
/// Returns an error if the bytes aren't a safetensors file or don't fit the declarations. All names
/// that are missing, unknown or used twice, and all wrong shapes, types and values, are reported
/// together.
pub fn decode(bytes: &[u8], declared: &[Declared], file: &Path) -> Result<Params, FileError> {
    let tensors = header::read(bytes, file)?.tensors;
    let fail = |problem: String| FileError::new(file, problem);

    let known = |name: &str| {
        name.ends_with("num_batches_tracked") || declared.iter().any(|d| d.name == name)
    };
    let unknown = tensors
        .keys()
        .filter(|name| !known(name))
        .map(|name| quote(name))
        .collect();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let mut params = Params::new();
    for declared in declared {
        let name = &declared.name;
        match tensors.get(name).map(|tensor| value(tensor, declared)) {
            None => missing.push(format!("`{name}`")),
            Some(Err(problem)) => wrong.push(format!("`{name}` {problem}")),
            Some(Ok(value)) => _ = params.push(name, declared.role, value),
        }
    }
    let mut complaints = Vec::new();
    for (what, names) in [("it lacks", missing), ("it has unexpected", unknown)] {
        if !names.is_empty() {
            complaints.push(format!("{what} {}", listed(names, ", ")));
        }
    }
    if !wrong.is_empty() {
        complaints.push(listed(wrong, "; "));
    }
    match complaints.is_empty() {
        true => Ok(params),
        false => Err(fail(format!(
            "doesn't fit the model: {}",
            complaints.join("; ")
        ))),
    }
}

/// Joins the first items of a list and the number of those left out.
pub(crate) fn listed(mut items: Vec<String>, separator: &str) -> String {
    const SHOWN: usize = 8;
    if let Some(more) = items.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        items.truncate(SHOWN);
        items.push(format!("and {more} more"));
    }
    items.join(separator)
}

/// Converts a stored tensor to `f32` in the declared memory order. Narrower types convert exactly,
/// wider ones are rounded.
pub(crate) fn value(tensor: &Stored, declared: &Declared) -> Result<Tensor, String> {
    let bytes = tensor.data;
    let numbers: Vec<f64> = match &*tensor.dtype {
        "F64" => numbers(bytes, f64::from_le_bytes),
        "F32" => numbers(bytes, |b| f32::from_le_bytes(b).into()),
        "F16" => numbers(bytes, |b| half(u16::from_le_bytes(b)).into()),
        "BF16" => numbers(bytes, |b| brain(u16::from_le_bytes(b)).into()),
        other => {
            let wanted = "F32, F64, F16 or BF16 is wanted";
            return Err(format!("has type {other}, but {wanted}"));
        }
    };
    if tensor.shape != declared.shape {
        return Err(format!(
            "has shape {:?}, but the model wants {:?}",
            tensor.shape, declared.shape
        ));
    }
    let mut pairs = numbers.iter().enumerate();
    if let Some((place, number)) = pairs.find(|(_, number)| !(**number as f32).is_finite()) {
        return Err(format!("holds {number:e} at index {place}"));
    }
    let mut laid_out = Array::zeros(IxDyn(&declared.shape).set_f(declared.column_major));
    laid_out
        .iter_mut()
        .zip(numbers)
        .for_each(|(out, number)| *out = number as f32);
    Ok(laid_out.into())
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&b| read(b)).collect()
}

/// Converts IEEE 754 half-precision bits (sign, 5 exponent bits, 10 fraction bits) to `f32`.
fn half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let (exponent, fraction) = (bits >> 10 & 31, bits & 0x3ff);
    let magnitude = match exponent {
        0 => fraction as f32 / (1 << 24) as f32,
        31 => f32::from_bits(0xff << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 127 - 15) << 23 | fraction << 13),
    };
    f32::from_bits(magnitude.to_bits() | (bits >> 15) << 31)
}

/// Rounds to IEEE 754 half-precision bits, to the nearest and ties to even, as `half` reads them. Values
/// from 65520 on become infinite.
pub(crate) fn to_half(x: f32) -> u16 {
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let size = x.abs();
    let bits = size.to_bits();
    let rounded = match size {
        _ if size.is_nan() => 0x7e00,
        _ if size >= 65520.0 => 0x7c00,
        // Below the normal range, values are multiples of 2⁻²⁴, as the sums with ½ are in `f32`.
        _ if size < 1.0 / (1 << 14) as f32 => (size + 0.5).to_bits() - 0.5f32.to_bits(),
        // Half of the last bit that stays is added, less one if that bit is even.
        _ => ((bits - ((127 - 15) << 23)) + 0xfff + (bits >> 13 & 1)) >> 13,
    };
    sign | rounded as u16
}

/// Converts bfloat16 bits, the upper half of an `f32`, to `f32`.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{half, to_half};

    #[test]
    fn halves_stay_what_they_are() {
        let finite = (0..=u16::MAX).filter(|bits| bits >> 10 & 31 < 31);
        finite.for_each(|bits| assert_eq!(to_half(half(bits)), bits));
    }

    proptest! {
        #[test]
        fn numbers_are_rounded_as_the_crate_half_does(bits in any::<u32>(), small in -70000.0f32..70000.0) {
            for x in [f32::from_bits(bits), small, small * 1e-9] {
                if !x.is_nan() {
                    prop_assert_eq!(to_half(x), ::half::f16::from_f32(x).to_bits());
                }
            }
        }
    }
}
