//! How a run ends: with its last epoch, a value that isn't finite, or a signal.

use tapeline_models::Epoch;

use crate::{error::Error, settings::Settings};

/// How a run ended.
pub enum Ending {
    /// It finished its last epoch.
    Done(Epoch),
    /// A value wasn't finite.
    Diverged(Divergence),
    /// It was stopped by a signal; the model file has the weights at that step.
    Stopped {
        /// The reason of the interrupt: the number of the signal.
        signal: usize,
        /// The epoch in which it was stopped, counted from 1.
        epoch: u64,
        /// The number of steps so far, over all epochs.
        step: u64,
    },
}

/// The first value that wasn't finite in a run.
pub struct Divergence {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The step, counted over all epochs.
    pub step: u64,
    /// The layer where the value arose.
    pub layer: Option<String>,
    /// What was found, as a sentence.
    pub message: String,
    /// The weight with the largest gradient norm in the last step whose gradients were finite, and
    /// that norm.
    pub largest_gradient: Option<(String, f64)>,
    /// What to change to avoid it.
    pub advice: String,
    /// The last epoch without such values, whose weights are in the model file.
    pub kept: Option<u64>,
}

impl Divergence {
    /// Returns the error, with advice.
    pub fn error(&self) -> Error {
        let message = format!("epoch {}, {}", self.epoch, self.message);
        Error::diverged(message).help(self.advice.clone())
    }
}

/// Suggests how to avoid divergence, given what the configuration already does.
pub fn advice(settings: &Settings) -> String {
    let has = |spec: &str, name: &str| spec.contains(&format!("{name}("));
    let more = if !has(&settings.optimizer, "clip_norm") {
        ", or `--max-grad-norm 1`"
    } else if !has(&settings.schedule, "warmup") {
        ", or a warmup: `--schedule \"warmup(500) constant\"`"
    } else {
        ""
    };
    format!("try a smaller `--lr`{more}")
}
