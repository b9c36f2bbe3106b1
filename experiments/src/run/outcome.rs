//! `result.json`: the outcome of a finished run. A run that has this file is finished, whatever
//! happens to its folder later.

use std::{io::ErrorKind, path::Path};

use serde::{Deserialize, Serialize};
use tapeline_data::files;

use crate::{
    error::Error,
    run::{events::Figures, files::RESULT},
};

/// Schema version of `result.json`.
pub const SCHEMA: u32 = 2;

/// The field that every version of the file has.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Schema version.
    pub schema: u32,
    /// Number of parameters of the model.
    pub parameters: usize,
    /// Multiply-adds of the model for one sample.
    pub multiply_adds: u64,
    /// Number of test images, which determines the resolution of the accuracy.
    pub test_samples: usize,
    /// Number of images for validation, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_samples: Option<usize>,
    /// Number of threads used, which affects the measured times.
    pub threads: usize,
    /// How the run ended.
    #[serde(flatten)]
    pub end: End,
}

/// How a run ended, unless it was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum End {
    /// It finished its last epoch, which has these metrics.
    Done {
        /// Number of epochs.
        epochs: u64,
        /// The metrics of the last epoch.
        #[serde(flatten)]
        figures: Figures,
    },
    /// It diverged: a value wasn't finite in this step, or in the evaluation after it.
    Diverged {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The step, counted over all epochs.
        step: u64,
        /// The layer where the value arose.
        layer: Option<String>,
    },
}

impl Outcome {
    /// Reads the outcome in a run folder; `None` if the run is not finished.
    pub fn read(folder: &Path) -> Result<Option<Outcome>, Error> {
        let path = folder.join(RESULT);
        let fail = |what: String| Error::usage(format!("{}: {what}", path.display()));
        let text = match files::read_regular_to_string(&path) {
            Ok(text) => text,
            Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(None),
            Err(reason) => return Err(fail(format!("cannot be read: {reason}"))),
        };
        let schema = serde_json::from_str(&text).map(|Versioned { schema }| schema);
        match schema {
            Ok(SCHEMA) => {}
            Ok(other) => {
                let message = format!("has schema {other}, but this program reads schema {SCHEMA}");
                return Err(
                    fail(message).help("it was written by another version: start a new run")
                );
            }
            Err(reason) => return Err(fail(format!("is not the result of a run: {reason}"))),
        }
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|reason| fail(format!("is not the result of a run: {reason}")))
    }
}
