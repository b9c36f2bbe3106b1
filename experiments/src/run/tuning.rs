//! Fine-tuning: frozen parameters, learning rates of their own, weights in part.

use std::path::Path;

use sha2::{Digest, Sha256};
use tapeline_models::{Model, file, partial, weights};
use tapeline_tensor::Params;

use crate::{
    error::Error,
    settings::{
        Settings,
        origin::Origin,
        patterns::{factors, patterns, selected},
    },
};

/// Freezes the parameters that the settings select.
///
/// # Errors
/// When a pattern selects nothing, or no parameter is left to learn.
pub fn freeze(settings: &Settings, origin: &Origin, model: &mut Model) -> Result<(), Error> {
    let Some(text) = &settings.freeze else {
        return Ok(());
    };
    let fail = |problem: String| Error::usage(format!("{} {text}: {problem}", origin.of("freeze")));
    let all = patterns(text).map_err(fail)?;
    let declared = model.plan.declared.iter();
    let names: Vec<_> = declared.map(|declared| declared.name.as_str()).collect();
    selected(&all, &names).map_err(fail)?;
    model.freeze(|name| all.iter().any(|pattern| pattern.matches(name)));
    let mut declared = model.plan.declared.iter();
    match declared.any(|declared| declared.role.is_learned()) {
        true => Ok(()),
        false => Err(fail("no parameter is left to learn".into())),
    }
}

/// Returns the factor on the learning rate of each parameter.
///
/// # Errors
/// When a pattern selects nothing.
pub fn lr_scales(settings: &Settings, origin: &Origin, model: &Model) -> Result<Vec<f64>, Error> {
    let declared = &model.plan.declared;
    let mut scales = vec![1.0; declared.len()];
    let Some(text) = &settings.lr_scale else {
        return Ok(scales);
    };
    let fail =
        |problem: String| Error::usage(format!("{} {text}: {problem}", origin.of("lr_scale")));
    let all = factors(text).map_err(fail)?;
    let names: Vec<_> = declared
        .iter()
        .map(|declared| declared.name.as_str())
        .collect();
    let rows = selected(all.iter().map(|(pattern, _)| pattern), &names).map_err(fail)?;
    for ((_, factor), row) in all.iter().zip(rows) {
        let chosen = scales.iter_mut().zip(row).filter(|(_, selected)| *selected);
        chosen.for_each(|(scale, _)| *scale = *factor);
    }
    Ok(scales)
}

/// The initial weights from a file.
pub struct FirstWeights {
    /// The parameters.
    pub params: Params,
    /// The SHA-256 of the file.
    pub sha256: String,
    /// What was not taken, as a sentence, if something wasn't.
    pub left: Option<String>,
}

/// Reads the initial weights. The file is read only once because it may be a pipe.
///
/// # Errors
/// When it can't be read or doesn't fit the model.
pub fn first_weights(
    path: &Path,
    model: &Model,
    settings: &Settings,
) -> Result<FirstWeights, Error> {
    let bytes = file::read(path)?;
    let declared = &model.plan.declared;
    let (params, left) = match settings.partial {
        false => (weights::decode(&bytes, declared, path)?, None),
        true => {
            let initial = model.init(settings.seed);
            let found = partial::decode(&bytes, declared, path, &initial)?;
            let (taken, all) = (found.taken, declared.len());
            let left = found.left.join("; ");
            let text = format!(
                "{}: {taken} of {all} tensors fit; left: {left}",
                path.display()
            );
            (found.params, (!left.is_empty()).then_some(text))
        }
    };
    Ok(FirstWeights {
        params,
        sha256: format!("{:x}", Sha256::digest(&bytes)),
        left,
    })
}
