//! The events of `train --json`, one object per line. A number that is not finite becomes `null`.

use serde::{Deserialize, Deserializer, Serialize};
use tapeline_models::Epoch;

use crate::{error::Error, run::profile::Part};

/// An event. The fields are serialized in this order.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<'a> {
    Start {
        schema: u32,
        spec: &'a str,
        data: &'a str,
        parameters: usize,
        train_samples: usize,
        test_samples: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        val_samples: Option<usize>,
        seed: u64,
        threads: usize,
        /// Number of steps taken before the run was resumed.
        #[serde(skip_serializing_if = "Option::is_none")]
        resumed_at: Option<u64>,
    },
    Epoch(Logged),
    Profile {
        parts: &'a [Part],
    },
    Done {
        epochs: u64,
        #[serde(flatten)]
        figures: Figures,
        out: &'a str,
    },
    Diverged {
        epoch: u64,
        step: u64,
        layer: Option<&'a str>,
        /// The largest gradient norm of a weight in the last step whose gradients were finite, and
        /// the weight.
        largest_gradient: Option<f64>,
        largest_gradient_of: Option<&'a str>,
        out: &'a str,
    },
    Stopped {
        signal: usize,
        epoch: u64,
        step: u64,
        out: &'a str,
    },
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    pub epoch: u64,
    #[serde(flatten)]
    pub figures: Figures,
}

/// The metrics of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    #[serde(deserialize_with = "number")]
    pub train_loss: f64,
    pub train_accuracy: f64,
    #[serde(deserialize_with = "number")]
    pub test_loss: f64,
    pub test_accuracy: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_loss: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_accuracy: Option<f64>,
    pub train_seconds: f64,
    pub test_seconds: f64,
}

impl Figures {
    /// Returns whether all losses and accuracies are finite.
    pub fn are_finite(&self) -> bool {
        let always = [
            self.train_loss,
            self.train_accuracy,
            self.test_loss,
            self.test_accuracy,
        ];
        let with_val = self.val_loss.into_iter().chain(self.val_accuracy);
        always.into_iter().chain(with_val).all(f64::is_finite)
    }
}

/// Reads a number; `null` stands for a number that was not finite.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl From<&Epoch> for Figures {
    fn from(epoch: &Epoch) -> Self {
        Figures {
            train_loss: epoch.train_loss,
            train_accuracy: epoch.train_accuracy,
            test_loss: epoch.test_loss,
            test_accuracy: epoch.test_accuracy,
            val_loss: epoch.val.map(|(loss, _)| loss),
            val_accuracy: epoch.val.map(|(_, accuracy)| accuracy),
            train_seconds: epoch.train_seconds,
            test_seconds: epoch.test_seconds,
        }
    }
}

impl<'a> Event<'a> {
    /// Creates the event of an epoch.
    pub fn epoch(epoch: &Epoch) -> Self {
        Event::Epoch(Logged {
            epoch: epoch.epoch,
            figures: epoch.into(),
        })
    }
}

/// Serializes a value as one line of JSON, including the line break.
pub fn json_line(value: &impl Serialize) -> Result<String, Error> {
    let line = serde_json::to_string(value).map_err(Error::internal)?;
    Ok(line + "\n")
}
