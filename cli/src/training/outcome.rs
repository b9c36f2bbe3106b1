//! `result.json`: what a training came to. A run that has one is done, whatever happens to its folder later.

use std::{io::ErrorKind, path::Path};

use serde::{Deserialize, Serialize};
use tapeline_data::files;

use crate::{
    error::CliError,
    training::{events::Figures, files::RESULT},
};

const SCHEMA: u32 = 1;

/// What a training came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub schema: u32,
    pub parameters: usize,
    pub multiply_adds: u64,
    /// Number of threads that it was given: its times depend on it.
    pub threads: usize,
    #[serde(flatten)]
    pub end: End,
}

/// The end that a training has by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum End {
    /// After its last epoch, whose figures these are.
    Done {
        epochs: u64,
        #[serde(flatten)]
        figures: Figures,
    },
    /// Before it, in a step after which a number was not finite.
    Diverged {
        epoch: u64,
        step: u64,
        layer: Option<String>,
    },
}

impl Outcome {
    pub fn new(parameters: usize, multiply_adds: u64, threads: usize, end: End) -> Self {
        Outcome {
            schema: SCHEMA,
            parameters,
            multiply_adds,
            threads,
            end,
        }
    }

    /// Reads that of a run folder; none where the run is not done.
    pub fn read(folder: &Path) -> Result<Option<Outcome>, CliError> {
        let path = folder.join(RESULT);
        let fail = |what: String| CliError::usage(format!("{}: {what}", path.display()));
        let text = match files::read_regular_to_string(&path) {
            Ok(text) => text,
            Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(None),
            Err(reason) => return Err(fail(format!("cannot be read: {reason}"))),
        };
        let outcome: Outcome = serde_json::from_str(&text)
            .map_err(|reason| fail(format!("is no result of a training: {reason}")))?;
        match outcome.schema {
            SCHEMA => Ok(Some(outcome)),
            other => Err(fail(format!(
                "has schema {other}, but this program reads schema {SCHEMA}"
            ))),
        }
    }
}
