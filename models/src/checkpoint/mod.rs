//! Checkpoints: the state of a training run, from which it resumes with bit-identical results.
//!
//! A checkpoint is a safetensors file, so any reader of the format can inspect it. It holds the
//! parameters as `model.0.weight` and the optimizer state as `optimizer.momentum.0.weight`; its
//! metadata holds the spec, the seed, the progress of the run, and a SHA-256 of the whole file. It
//! is written [atomically](tapeline_data::atomic).
//!
//! A checkpoint doesn't include the metrics of earlier epochs, which would make each one larger
//! than the one before. It holds only their number and [checksum](crate::History::checksum). The
//! caller provides the epochs, which it must have stored on disk before the checkpoint was written.
//!
//! ```
//! use tapeline_layers::{NamedLoss, layers, losses};
//! use tapeline_models::{Model, Recipe, Trainer, checkpoint, presets};
//! use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
//! use tapeline_tensor::tensor;
//!
//! let model = Model::build("flatten linear(2)", &[1, 1, 3], &layers(), &presets())?;
//! let loss = NamedLoss::read("cross_entropy", &losses())?.loss;
//! let adam = Optimizer::read("adam(lr=0.1)", &optimizers())?;
//! let begin = || {
//!     let params = model.init(0);
//!     let stepper = adam.init(&params);
//!     Trainer::new(&model, &*loss, params, stepper, 0)
//! };
//! let image = tensor([0.0, 0.5, 1.0]).into_shape_with_order(vec![1, 1, 1, 3])?;
//!
//! let mut trainer = begin();
//! let step = trainer.step(&image, &[1], 1.0)?;
//! trainer.running.add(&step, 1);
//! let bytes = checkpoint::encode(&trainer);
//! trainer.step(&image, &[1], 1.0)?;
//!
//! let schedule = Schedule::read("constant", &schedules())?.scheduler(2);
//! let recipe = Recipe { epochs: 1, batch_size: 1, seed: 0, normalisation: Default::default(), augment: None, schedule: &schedule, patience: None };
//! let mut later = begin();
//! checkpoint::decode(&bytes, "checkpoint".as_ref(), &mut later, &recipe, 2, &trainer.history)?;
//! later.step(&image, &[1], 1.0)?;
//! assert_eq!(later.params, trainer.params);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod seal;

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::json;
use tapeline_data::atomic;
use tapeline_optim::State;
use tapeline_spec::quote;
use tapeline_tensor::{Params, Tensor};

use crate::{
    Epoch, FileError, History, Recipe, Running, Trainer, file,
    header::{self, Contents, Stored},
    weights,
};

/// The value of `format` in the metadata.
const FORMAT: &str = "tapeline-checkpoint-3";

const MODEL: &str = "model.";
const OPTIMIZER: &str = "optimizer.";

/// Writes a checkpoint atomically.
///
/// # Errors
/// Returns an error if the file can't be written, or a parameter or the optimizer state isn't
/// finite, in which case the run couldn't be resumed. An older file is then unchanged.
pub fn save(path: &Path, trainer: &Trainer<'_>) -> Result<(), FileError> {
    weights::expect_finite(path, &trainer.params)?;
    for (name, moment) in trainer.stepper.state().moments {
        weights::expect_finite_tensor(path, &name, &moment)?;
    }
    atomic::write(path, &encode(trainer)).map_err(|reason| FileError::unwritten(path, &reason))
}

/// Restores the state of a run from a checkpoint into a new trainer.
///
/// The trainer must have been created for the same model with the same optimizer and seed. `recipe`
/// and `samples`, the number of training samples, are those of the run. `epochs` are the epochs
/// stored by the run; those after the checkpoint, which an interrupted run finished without another
/// checkpoint, are left out of the trainer's history.
///
/// # Errors
/// Returns an error if the file can't be read, is damaged, or belongs to another run, or if
/// `epochs` aren't those that preceded it. The trainer is then unchanged.
pub fn restore(
    path: &Path,
    trainer: &mut Trainer<'_>,
    recipe: &Recipe<'_>,
    samples: usize,
    epochs: &[Epoch],
) -> Result<(), FileError> {
    decode(
        &file::read_found(path)?,
        path,
        trainer,
        recipe,
        samples,
        epochs,
    )
}

/// Encodes a checkpoint. Identical runs produce identical bytes, except for the times in it.
pub fn encode(trainer: &Trainer<'_>) -> Vec<u8> {
    let State { steps, moments } = trainer.stepper.state();
    let params = trainer
        .params
        .iter()
        .map(|param| (MODEL, &param.name, &param.value));
    let kept = moments.iter().map(|(name, x)| (OPTIMIZER, name, x));
    let tensors = params
        .chain(kept)
        .map(|(prefix, name, x)| (format!("{prefix}{name}"), x));

    let Running {
        samples,
        correct,
        loss_sum,
        weight_sum,
        time,
    } = &trainer.running;
    let steps: BTreeMap<_, _> = steps.into_iter().collect();
    let metadata = BTreeMap::from([
        ("format", FORMAT.into()),
        (seal::ENTRY, seal::NO_SUM.into()),
        ("spec", trainer.model.full().into()),
        ("seed", trainer.seed.to_string()),
        ("step", trainer.step.to_string()),
        ("samples", samples.to_string()),
        ("correct", correct.to_string()),
        ("loss_sum", loss_sum.to_string()),
        ("weight_sum", weight_sum.to_string()),
        ("nanoseconds", time.as_nanos().to_string()),
        ("epochs", trainer.history.len().to_string()),
        ("history", trainer.history.checksum()),
        ("optimizer_steps", json!(steps).to_string()),
    ]);
    let mut bytes = weights::encode_named(tensors, &metadata);
    seal::seal(&mut bytes);
    bytes
}

/// Same as [`restore`], from the bytes of a checkpoint; `path` is used in error messages.
///
/// # Errors
/// Same as [`restore`].
pub fn decode(
    bytes: &[u8],
    path: &Path,
    trainer: &mut Trainer<'_>,
    recipe: &Recipe<'_>,
    samples: usize,
    epochs: &[Epoch],
) -> Result<(), FileError> {
    let fail = |problem: String| FileError::new(path, problem);
    let Contents { metadata, tensors } = header::read(bytes, path)?;
    let entry = |name: &str| {
        let entry = metadata.get(name).map(String::as_str);
        entry.ok_or_else(|| {
            fail(format!(
                "is not a checkpoint: it has no `{name}` in its metadata"
            ))
        })
    };
    let format = entry("format")?;
    if format != FORMAT {
        return Err(fail(format!(
            "has format {}, but this version resumes from `{FORMAT}` only: finish the run with the version that wrote it, or delete \
            the file to start over",
            quote(format)
        )));
    }
    let kept = entry(seal::ENTRY)?;
    if !seal::holds(bytes, kept) {
        return Err(fail(format!(
            "is damaged: its bytes don't match its SHA-256 {}",
            quote(kept)
        )));
    }
    let (spec, seed) = (trainer.model.full().to_string(), trainer.seed.to_string());
    for (name, wanted) in [("spec", spec), ("seed", seed)] {
        let found = entry(name)?;
        if found != wanted {
            return Err(fail(format!(
                "belongs to another run: its {name} is `{found}`, not `{wanted}`"
            )));
        }
    }

    let unread = |name: &str| fail(format!("its `{name}` can't be read"));
    let steps: BTreeMap<String, u64> =
        serde_json::from_str(entry("optimizer_steps")?).map_err(|_| unread("optimizer_steps"))?;
    let number = |name: &str| entry(name)?.parse::<u64>().map_err(|_| unread(name));
    let sum = |name: &str| {
        let number = entry(name)?.parse().ok();
        let number = number.filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| unread(name))
    };
    let (done, had) = (number("epochs")?, epochs.len());
    let before = usize::try_from(done)
        .ok()
        .and_then(|done| epochs.get(..done));
    let before = before.ok_or_else(|| {
        fail(format!(
            "was written after {done} epochs, but the history has only {had}"
        ))
    })?;
    let history: History = before.iter().cloned().collect();
    if entry("history")? != history.checksum() {
        return Err(fail(format!(
            "was written after {done} epochs, but their figures in the history are not those of its run"
        )));
    }
    let running = Running {
        samples: number("samples")? as usize,
        correct: number("correct")? as usize,
        loss_sum: sum("loss_sum")?,
        weight_sum: sum("weight_sum")?,
        time: Duration::from_nanos(number("nanoseconds")?),
    };
    if running.correct > running.samples {
        return Err(unread("correct"));
    }
    if (running.weight_sum > 0.0) != (running.samples > 0) {
        return Err(unread("weight_sum"));
    }

    let mut params = trainer.params.clone();
    let mut moments = Vec::new();
    let mut given = 0;
    for (name, stored) in &tensors {
        let tensor = tensor(name, stored).map_err(fail)?;
        weights::expect_finite_tensor(path, name, &tensor)?;
        if let Some(name) = name.strip_prefix(OPTIMIZER) {
            moments.push((name.to_string(), tensor));
        } else {
            put(&mut params, name, &tensor).map_err(fail)?;
            given += 1;
        }
    }
    if given != params.len() {
        let wanted = params.len();
        return Err(fail(format!(
            "has {given} parameters, but the model has {wanted}"
        )));
    }

    let step = number("step")?;
    if running.steps(history.len(), samples, recipe.batch_size) != Some(step) {
        let size = recipe.batch_size;
        return Err(fail(format!(
            "belongs to another run: epochs of {samples} samples in batches of {size} don't lead to step {step}"
        )));
    }
    let state = State {
        steps: steps.into_iter().collect(),
        moments,
    };
    trainer
        .stepper
        .restore(&state)
        .map_err(|e| fail(e.to_string()))?;
    (trainer.params, trainer.step) = (params, step);
    (trainer.history, trainer.running) = (history, running);
    Ok(())
}

/// Decodes a stored tensor, bit for bit.
fn tensor(name: &str, stored: &Stored) -> Result<Tensor, String> {
    if stored.dtype != "F32" {
        return Err(format!(
            "has {} of type {}, wanted F32",
            quote(name),
            stored.dtype
        ));
    }
    let numbers = stored.data.as_chunks().0.iter();
    let numbers = numbers.map(|&number| f32::from_le_bytes(number)).collect();
    let tensor = Tensor::from_shape_vec(&stored.shape[..], numbers);
    tensor.map_err(|error| format!("its {} can't be read: {error}", quote(name)))
}

/// Sets a parameter, keeping its memory layout.
fn put(params: &mut Params, name: &str, value: &Tensor) -> Result<(), String> {
    let found = name.strip_prefix(MODEL).and_then(|name| params.find(name));
    let found =
        found.ok_or_else(|| format!("has {}, which the model doesn't have", quote(name)))?;
    let mut param = params.value_mut(found);
    if param.shape() != value.shape() {
        return Err(format!(
            "has `{name}` in shape {:?}, but the model wants {:?}",
            value.shape(),
            param.shape()
        ));
    }
    param.assign(value);
    Ok(())
}
