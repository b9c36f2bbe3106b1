//! Metrics of a training run.

use std::time::Duration;

use crate::Step;

/// Running totals of the current epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Running {
    /// Number of samples trained on so far.
    pub samples: usize,
    /// Number of correctly classified samples among them.
    pub correct: usize,
    /// Sum of their losses, each multiplied by the sample's weight.
    pub loss_sum: f64,
    /// Sum of their [weights](tapeline_layers::Loss::weight): the number of samples if the loss
    /// doesn't weight them.
    pub weight_sum: f64,
    /// Time taken by the steps.
    pub time: Duration,
}

impl Running {
    /// Adds the results of a step on `samples` samples. The caller adds its time.
    pub fn add(&mut self, step: &Step, samples: usize) {
        self.samples += samples;
        self.correct += step.correct;
        self.loss_sum += f64::from(step.loss) * step.weight;
        self.weight_sum += step.weight;
    }

    /// Returns the metrics so far, for epoch number `epoch` of `of` samples.
    pub fn progress(&self, epoch: u64, of: usize) -> Progress {
        let samples = self.samples as f64;
        Progress {
            epoch,
            samples: self.samples,
            of,
            loss: self.loss_sum / self.weight_sum,
            accuracy: self.correct as f64 / samples,
        }
    }

    /// Returns the number of steps taken by `epochs` complete epochs of `of` samples and this one,
    /// or `None` if this state is impossible with the given batch size.
    pub(crate) fn steps(&self, epochs: usize, of: usize, batch_size: usize) -> Option<u64> {
        let between =
            self.samples == of || self.samples < of && self.samples.is_multiple_of(batch_size);
        let whole = (epochs as u64).checked_mul(of.div_ceil(batch_size) as u64)?;
        let steps = whole.checked_add(self.samples.div_ceil(batch_size) as u64)?;
        between.then_some(steps)
    }
}

/// Progress of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Number of samples that the epoch has trained on so far.
    pub samples: usize,
    /// Total number of samples in the epoch.
    pub of: usize,
    /// Mean loss of the epoch so far.
    pub loss: f64,
    /// Accuracy of the epoch so far.
    pub accuracy: f64,
}

/// Metrics of an epoch. Those of training are means over its batches, measured before each update.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Mean loss on the training data.
    pub train_loss: f64,
    /// Accuracy on the training data.
    pub train_accuracy: f64,
    /// Mean loss on the test data.
    pub test_loss: f64,
    /// Accuracy on the test data.
    pub test_accuracy: f64,
    /// Loss and accuracy on the validation data.
    pub val: Option<(f64, f64)>,
    /// Learning rate of the epoch's last step.
    pub lr: f64,
    /// Seconds taken by the epoch's steps: shuffling, gathering, forward, backward, update.
    pub train_seconds: f64,
    /// Seconds taken by the evaluation on the test data.
    pub test_seconds: f64,
}
