//! How a run ends: with its last epoch, a value that isn't finite, or a signal.

use tapeline_models::{Ended, Epoch, Trainer};

use crate::{
    error::Error,
    run::{
        config::Config,
        files::MODEL,
        outcome::{End, Outcome, SCHEMA},
        recorder::Recorder,
    },
    settings::Settings,
};

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

impl Recorder<'_> {
    /// Writes the remaining files after the last step.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn end(
        &mut self,
        ended: Option<Ended>,
        trainer: &Trainer<'_>,
        config: &Config,
    ) -> Result<Ending, Error> {
        let epochs = trainer.history.len() as u64;
        if let Some(error) = self.failure.take() {
            return Err(self.run.can_be_resumed(error));
        }
        if ended == Some(Ended::Stopped) {
            let stopped = self.stop(trainer);
            stopped.map_err(|error| self.run.can_be_resumed(error))?;
        }
        self.run.draw(self.model.short(), &trainer.history)?;
        match ended {
            Some(Ended::Diverged(found)) => self.diverged(Divergence {
                epoch: trainer.epoch(),
                step: found.step,
                layer: found.found.layer().map(String::from),
                message: found.to_string(),
                largest_gradient: found.largest_gradient,
                advice: advice(&config.settings),
                kept: Some(epochs).filter(|&epoch| epoch > 0),
            }),
            Some(Ended::Stopped) => Ok(Ending::Stopped {
                signal: self.interrupt.requested().unwrap_or_default(),
                epoch: epochs + u64::from(trainer.running.samples > 0),
                step: trainer.step,
            }),
            None => {
                let last = trainer.history.last().cloned();
                let last =
                    last.ok_or_else(|| Error::internal("training ended without an epoch"))?;
                self.keep(End::Done {
                    epochs: last.epoch,
                    figures: (&last).into(),
                })?;
                Ok(Ending::Done(last))
            }
        }
    }

    /// Writes the current weights, which are newer than those of the last epoch, and the
    /// checkpoint.
    fn stop(&self, trainer: &Trainer<'_>) -> Result<(), Error> {
        self.save(MODEL, &trainer.averaged())?;
        self.checkpoint(trainer)
    }

    /// Records the divergence. The model file and the checkpoint are not touched: they hold the
    /// last good state.
    fn diverged(&self, found: Divergence) -> Result<Ending, Error> {
        self.keep(End::Diverged {
            epoch: found.epoch,
            step: found.step,
            layer: found.layer.clone(),
        })?;
        Ok(Ending::Diverged(found))
    }

    fn keep(&self, end: End) -> Result<(), Error> {
        let plan = &self.model.plan;
        self.run.keep(&Outcome {
            schema: SCHEMA,
            parameters: plan.parameters(),
            multiply_adds: plan.multiply_adds(),
            test_samples: self.test_samples,
            threads: self.threads,
            end,
        })
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
