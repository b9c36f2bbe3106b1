//! How a training ends: with its last epoch, a loss that is not finite, a signal.

use tapeline_models::{Ended, Epoch, Trainer};

use crate::{
    error::CliError,
    escape, shell,
    table::{Table, percent},
    terminal::Terminal,
    training::{
        events::{Event, Events},
        files::MODEL,
        outcome::{End, Outcome},
        recorder::{Failure, Recorder},
        run::Run,
        signals::exit_code,
    },
};

/// How a training ended.
pub enum Ending {
    /// With its last epoch.
    Done(Epoch),
    /// With a number that was not finite.
    Diverged(Divergence),
    /// By a signal; the model file has the weights of that moment.
    Stopped {
        signal: usize,
        epoch: u64,
        step: u64,
    },
}

/// Where a training has left the finite numbers.
pub struct Divergence {
    pub epoch: u64,
    pub step: u64,
    pub layer: Option<String>,
    /// What was found, as a sentence.
    pub message: String,
    /// The weight with the largest gradient of the step before, and that gradient's norm.
    pub largest_gradient: Option<(String, f64)>,
    /// The last epoch that all went well in; its weights are kept.
    pub kept: Option<u64>,
}

impl Recorder<'_> {
    /// Writes what is left to be written after the last step.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn end(&mut self, ended: Option<Ended>, trainer: &Trainer<'_>) -> Result<Ending, CliError> {
        let epochs = trainer.history.len() as u64;
        let failure = match self.failure.take() {
            Some(Failure::Error(error)) => return Err(self.run.can_be_resumed(error)),
            Some(Failure::NotFinite(name)) => Some(name),
            None => None,
        };
        if failure.is_none() && ended == Some(Ended::Stopped) {
            let stopped = self.stop(trainer);
            stopped.map_err(|error| self.run.can_be_resumed(error))?;
        }
        self.run.draw(self.model.short(), &trainer.history)?;
        match (ended, failure) {
            (_, Some(name)) => self.diverged(Divergence {
                epoch: epochs,
                step: trainer.step - 1,
                message: format!("step {}: it makes `{name}` not finite", trainer.step - 1),
                layer: Some(name),
                largest_gradient: trainer.largest_gradient(),
                kept: epochs.checked_sub(1).filter(|&epoch| epoch > 0),
            }),
            (Some(Ended::Diverged(found)), None) => {
                let place = found.place.as_ref();
                let layer = place.and_then(|place| place.scope.as_deref());
                self.diverged(Divergence {
                    epoch: trainer.epoch(),
                    step: found.step,
                    layer: layer.map(String::from),
                    message: found.to_string(),
                    largest_gradient: found.largest_gradient,
                    kept: Some(epochs).filter(|&epoch| epoch > 0),
                })
            }
            (Some(Ended::Stopped), None) => Ok(Ending::Stopped {
                signal: self.signals.came().unwrap_or_default(),
                epoch: epochs + u64::from(trainer.running.samples > 0),
                step: trainer.step,
            }),
            (None, None) => {
                let last = trainer.history.last().cloned();
                let last =
                    last.ok_or_else(|| CliError::internal("a training ended without an epoch"))?;
                self.keep(End::Done {
                    epochs: last.epoch,
                    figures: (&last).into(),
                })?;
                Ok(Ending::Done(last))
            }
        }
    }

    /// Writes the weights of this moment, which are worth more than those of the last epoch, and what resuming needs.
    fn stop(&self, trainer: &Trainer<'_>) -> Result<(), CliError> {
        if trainer.params.first_non_finite().is_none() {
            self.save(MODEL, &trainer.averaged())?;
        }
        self.checkpoint(trainer)
    }

    /// The model file and the checkpoint stay as they are: the last good state.
    fn diverged(&self, found: Divergence) -> Result<Ending, CliError> {
        self.keep(End::Diverged {
            epoch: found.epoch,
            step: found.step,
            layer: found.layer.clone(),
        })?;
        Ok(Ending::Diverged(found))
    }

    fn keep(&self, end: End) -> Result<(), CliError> {
        let plan = &self.model.plan;
        let outcome = Outcome::new(plan.parameters(), plan.multiply_adds(), self.threads, end);
        self.run.keep(&outcome)
    }
}

impl Ending {
    /// Tells of it as `train` does; the last epoch, where the training came to its end.
    ///
    /// # Errors
    /// When it didn't: with the message and the exit code.
    pub fn tell(
        self,
        run: &Run,
        events: &mut Events,
        terminal: &Terminal,
    ) -> Result<Epoch, CliError> {
        let out = run.name();
        match self {
            Ending::Done(last) => {
                events.tell(&Event::Done {
                    epochs: last.epoch,
                    figures: (&last).into(),
                    out: &out,
                })?;
                Ok(last)
            }
            Ending::Diverged(found) => {
                events.tell(&Event::Diverged {
                    epoch: found.epoch,
                    step: found.step,
                    layer: found.layer.as_deref(),
                    largest_gradient: found.largest_gradient.as_ref().map(|(_, norm)| *norm),
                    largest_gradient_of: found.largest_gradient.as_ref().map(|(name, _)| &**name),
                    out: &out,
                })?;
                let kept = match found.kept {
                    Some(epoch) => format!("{out}/{MODEL} has the weights of epoch {epoch}"),
                    None => "no epoch was finished, so there is no model file".into(),
                };
                let message = format!("epoch {}, {}", found.epoch, found.message);
                Err(CliError::diverged(message).help(format!(
                    "try a smaller `--lr`, or `--max-grad-norm 1`; {kept}"
                )))
            }
            Ending::Stopped {
                signal,
                epoch,
                step,
            } => {
                events.tell(&Event::Stopped {
                    signal,
                    epoch,
                    step,
                    out: &out,
                })?;
                let command = shell::resume(&run.folder);
                terminal.note(&format!(
                    "stopped in epoch {epoch} after {step} steps; `{command}` goes on, and {out}/{MODEL} has the weights of this moment"
                ));
                Err(CliError::Reported(exit_code(signal)))
            }
        }
    }
}

/// The figures of the last epoch, for people.
pub fn table(last: &Epoch, run: &Run) -> String {
    let mut table = Table::new(&["", ">loss", ">accuracy"]);
    let mut row = |name: &str, loss: f64, accuracy| {
        table.row([name.into(), format!("{loss:.4}"), percent(accuracy)])
    };
    row("train", last.train_loss, last.train_accuracy);
    row("test", last.test_loss, last.test_accuracy);
    if let Some((loss, accuracy)) = last.val {
        row("val", loss, accuracy);
    }
    format!("{table}{}\n", escape::terminal(&run.name()))
}
