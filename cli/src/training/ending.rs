//! How a training ends: with its last epoch, a loss that is not finite, a signal.

use tapeline_models::{Ended, Epoch, Trainer};

use crate::{
    error::CliError,
    table::{Table, percent},
    terminal::Terminal,
    training::{
        events::{Event, Events},
        outcome::{End, Outcome},
        recorder::{Failure, Recorder},
        run::{MODEL, Run},
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
    /// The last epoch that all went well in; its weights are kept.
    pub kept: Option<u64>,
}

impl Recorder<'_> {
    /// Writes what is left to be written after the last step.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn end(&mut self, ended: Option<Ended>, trainer: &Trainer<'_>) -> Result<Ending, CliError> {
        self.run.draw(self.model.short(), &self.history)?;
        match (ended, self.failure.take()) {
            (_, Some(Failure::Error(error))) => Err(error),
            (_, Some(Failure::NotFinite(name))) => {
                let step = trainer.step.saturating_sub(1);
                let message = format!("step {step}: it makes `{name}` not finite");
                self.diverged(step, Some(name), message)
            }
            (Some(Ended::Diverged(found)), None) => {
                let place = found.place.as_ref();
                let layer = place.and_then(|place| place.scope.as_deref());
                self.diverged(found.step, layer.map(String::from), found.to_string())
            }
            (Some(Ended::Stopped), None) => {
                // They are worth more than those of the last epoch.
                if trainer.params.first_non_finite().is_none() {
                    self.save(MODEL, &trainer.averaged())?;
                }
                let step = trainer.step;
                Ok(Ending::Stopped {
                    signal: self.signals.came().unwrap_or_default(),
                    epoch: step.saturating_sub(1) / self.steps_in_epoch + 1,
                    step,
                })
            }
            (None, None) => {
                let last = self.history.last().cloned();
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

    /// The model file stays as it is: what the last good epoch has left.
    fn diverged(
        &self,
        step: u64,
        layer: Option<String>,
        message: String,
    ) -> Result<Ending, CliError> {
        let epoch = step / self.steps_in_epoch + 1;
        self.keep(End::Diverged {
            epoch,
            step,
            layer: layer.clone(),
        })?;
        Ok(Ending::Diverged(Divergence {
            epoch,
            step,
            layer,
            message,
            kept: self.history.last().map(|epoch| epoch.epoch),
        }))
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
        events: &mut Events<'_>,
        terminal: &Terminal,
    ) -> Result<Epoch, CliError> {
        let out = run.name();
        match self {
            Ending::Done(last) => {
                events.tell(&Event::Done {
                    epochs: last.epoch,
                    figures: (&last).into(),
                    out: &out,
                });
                Ok(last)
            }
            Ending::Diverged(found) => {
                events.tell(&Event::Diverged {
                    epoch: found.epoch,
                    step: found.step,
                    layer: found.layer.as_deref(),
                    out: &out,
                });
                let kept = match found.kept {
                    Some(epoch) => format!("{out}/{MODEL} has the weights of epoch {epoch}"),
                    None => "no epoch was finished, so there is no model file".into(),
                };
                let message = format!("epoch {}, {}", found.epoch, found.message);
                Err(CliError::diverged(message).help(format!("try a smaller `--lr`; {kept}")))
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
                });
                terminal.note(&format!(
                    "stopped in epoch {epoch} after {step} steps; {out}/{MODEL} has the weights of this moment"
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
    format!("{table}{}\n", run.name())
}
