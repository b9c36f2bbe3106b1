//! The events of `train --json`, one object per line. A number that is not finite becomes `null`.

use serde::{Deserialize, Deserializer, Serialize};
use tapeline_models::Epoch;

use crate::{error::Error, run::profile::StepPart, sheet::ClassCount};

/// An event. The fields are serialized in this order.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<'a> {
    /// A run starts or is resumed.
    Start {
        /// Schema version of the events.
        schema: u32,
        /// The spec of the model in full form.
        spec: &'a str,
        /// The dataset, as it was given.
        data: &'a str,
        /// Number of parameters.
        parameters: usize,
        /// Number of images to train on.
        train_samples: usize,
        /// Number of test images.
        test_samples: usize,
        /// Number of images held out for validation.
        #[serde(skip_serializing_if = "Option::is_none")]
        val_samples: Option<usize>,
        /// Number of images to train on of each class, if these numbers differ by more than a
        /// factor of 2.
        #[serde(skip_serializing_if = "Option::is_none")]
        class_counts: Option<&'a [ClassCount]>,
        /// The random seed.
        seed: u64,
        /// Number of threads.
        threads: usize,
        /// Number of steps taken before the run was resumed.
        #[serde(skip_serializing_if = "Option::is_none")]
        resumed_at: Option<u64>,
    },
    /// An epoch is finished.
    Epoch(Logged),
    /// The time of each layer, measured over all steps.
    Profile {
        /// The parts of a step, in order.
        parts: &'a [StepPart],
    },
    /// The run has finished its last epoch.
    Done {
        /// Number of epochs.
        epochs: u64,
        /// The metrics of the last epoch.
        #[serde(flatten)]
        figures: Figures,
        /// The run folder.
        out: &'a str,
    },
    /// A value was not finite.
    Diverged {
        /// The epoch, counted from 1.
        epoch: u64,
        /// The step, counted over all epochs.
        step: u64,
        /// The layer where the value arose.
        layer: Option<&'a str>,
        /// The largest gradient norm of a weight in the last step whose gradients were finite.
        largest_gradient: Option<f64>,
        /// That weight.
        largest_gradient_of: Option<&'a str>,
        /// The run folder.
        out: &'a str,
    },
    /// The run was interrupted.
    Stopped {
        /// The number of the signal.
        signal: usize,
        /// The epoch, counted from 1.
        epoch: u64,
        /// The number of steps so far, over all epochs.
        step: u64,
        /// The run folder.
        out: &'a str,
    },
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Its metrics.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The metrics of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean loss over the steps of the epoch.
    #[serde(deserialize_with = "number")]
    pub train_loss: f64,
    /// Accuracy over the steps of the epoch, from 0 to 1.
    pub train_accuracy: f64,
    /// Mean loss over the test data.
    #[serde(deserialize_with = "number")]
    pub test_loss: f64,
    /// Accuracy on the test data, from 0 to 1.
    pub test_accuracy: f64,
    /// Mean loss over the validation data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_loss: Option<f64>,
    /// Accuracy on the validation data, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_accuracy: Option<f64>,
    /// Learning rate of the last step of the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// Time of the training steps, in seconds.
    pub train_seconds: f64,
    /// Time of the evaluation, in seconds.
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
            lr: Some(epoch.lr),
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
