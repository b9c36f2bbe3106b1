//! How far a training is.

use std::time::Duration;

use crate::Step;

/// The epoch in which a training is, so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Running {
    /// Number of samples trained on.
    pub samples: usize,
    /// Number of those whose class had the largest output.
    pub correct: usize,
    /// Sum of their losses, each times the sample's weight.
    pub loss_sum: f64,
    /// Sum of their [weights](tapeline_layers::Loss::weight): the number of samples where all count alike.
    pub weight_sum: f64,
    /// Time that the steps took.
    pub time: Duration,
}

impl Running {
    /// Adds what a step on `samples` samples has seen; its time is left to the caller.
    pub fn add(&mut self, step: &Step, samples: usize) {
        self.samples += samples;
        self.correct += step.correct;
        self.loss_sum += f64::from(step.loss) * step.weight;
        self.weight_sum += step.weight;
    }

    /// As figures, in epoch number `epoch` of `of` samples.
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

    /// Number of steps that `epochs` whole ones over `of` samples and this one have taken; none when batches of this size can't have led
    /// here.
    pub(crate) fn steps(&self, epochs: usize, of: usize, batch_size: usize) -> Option<u64> {
        let between =
            self.samples == of || self.samples < of && self.samples.is_multiple_of(batch_size);
        let whole = (epochs as u64).checked_mul(of.div_ceil(batch_size) as u64)?;
        let steps = whole.checked_add(self.samples.div_ceil(batch_size) as u64)?;
        between.then_some(steps)
    }
}

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Number of samples that the epoch has trained on so far.
    pub samples: usize,
    /// Number of samples of an epoch.
    pub of: usize,
    /// Mean loss of the epoch so far.
    pub loss: f64,
    /// Accuracy of the epoch so far.
    pub accuracy: f64,
}

/// The figures of an epoch. Those of training are means over its batches as they were trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 1.
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
    /// Seconds that the epoch's steps took: shuffling, gathering, forward, backward, update.
    pub train_seconds: f64,
    /// Seconds that the evaluation on the test data took.
    pub test_seconds: f64,
}
