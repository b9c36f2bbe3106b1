//! Weights that fit a model only in part.

use std::{collections::BTreeMap, path::Path};

use tapeline_layers::Declared;
use tapeline_spec::quote;
use tapeline_tensor::Params;

use crate::{
    FileError, header,
    weights::{listed, value},
};

/// The parameters of a model, of which some are taken from a file.
pub struct Partial {
    /// All parameters.
    pub params: Params,
    /// Number of parameters that the file has.
    pub taken: usize,
    /// The tensors of the file that don't fit the model, and the parameters that the file lacks,
    /// each with the reason, in the order of their names.
    pub left: Vec<String>,
}

/// Same as [`decode`](crate::weights::decode), but takes only the tensors whose name and shape fit, and the other parameters
/// from `initial`.
///
/// # Errors
/// Returns an error if the bytes aren't a safetensors file, no tensor fits, or one that fits has a
/// type or values that can't be used.
pub fn decode(
    bytes: &[u8],
    declared: &[Declared],
    file: &Path,
    initial: &Params,
) -> Result<Partial, FileError> {
    let tensors = header::read(bytes, file)?.tensors;
    let fail = |problem: String| FileError::new(file, problem);
    let mut left = BTreeMap::new();
    for (name, tensor) in &tensors {
        let own = declared.iter().find(|declared| declared.name == *name);
        let reason = match own {
            Some(own) if own.shape == tensor.shape => continue,
            Some(own) => format!(
                "has shape {:?}, but the model wants {:?}",
                tensor.shape, own.shape
            ),
            None if name.ends_with("num_batches_tracked") => continue,
            None => "is not in the model".into(),
        };
        left.insert(name.as_str(), reason);
    }
    let (mut params, mut taken) = (Params::new(), 0);
    for (declared, initial) in declared.iter().zip(initial) {
        let name = &declared.name;
        let tensor = tensors.get(name);
        let fitting = tensor.filter(|tensor| tensor.shape == declared.shape);
        let value = match fitting.map(|tensor| value(tensor, declared)) {
            Some(Ok(value)) => {
                taken += 1;
                value
            }
            Some(Err(problem)) => return Err(fail(format!("`{name}` {problem}"))),
            None => {
                left.entry(name)
                    .or_insert_with(|| "is not in the file".into());
                initial.value.clone()
            }
        };
        params.push(name, declared.role, value);
    }
    let left: Vec<_> = left
        .into_iter()
        .map(|(name, reason)| format!("{} {reason}", quote(name)))
        .collect();
    match taken {
        0 => Err(fail(format!(
            "has no tensor that fits the model: {}",
            listed(left, "; ")
        ))),
        _ => Ok(Partial {
            params,
            taken,
            left,
        }),
    }
}
