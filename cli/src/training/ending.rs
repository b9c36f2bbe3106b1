//! How a run ends: with its last epoch, a value that isn't finite, or a signal.

use tapeline_models::{Ended, Epoch, Trainer};

use crate::{
    error::CliError,
    escape, shell,
    table::{Table, percent},
    terminal::Terminal,
    training::{
        config::Config,
        events::{Event, Events},
        files::MODEL,
        outcome::{End, Outcome, SCHEMA},
        recorder::Recorder,
        run::Run,
        signals::exit_code,
    },
};

/// How a run ended.
pub enum Ending {
    /// It finished its last epoch.
    Done(Epoch),
    /// A value wasn't finite.
    Diverged(Divergence),
    /// It was stopped by a signal; the model file has the weights at that step.
    Stopped {
        signal: usize,
        epoch: u64,
        step: u64,
    },
}

/// The first value that wasn't finite in a run.
pub struct Divergence {
    pub epoch: u64,
    pub step: u64,
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
    ) -> Result<Ending, CliError> {
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
                advice: advice(config),
                kept: Some(epochs).filter(|&epoch| epoch > 0),
            }),
            Some(Ended::Stopped) => Ok(Ending::Stopped {
                signal: self.signals.came().unwrap_or_default(),
                epoch: epochs + u64::from(trainer.running.samples > 0),
                step: trainer.step,
            }),
            None => {
                let last = trainer.history.last().cloned();
                let last =
                    last.ok_or_else(|| CliError::internal("training ended without an epoch"))?;
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
    fn stop(&self, trainer: &Trainer<'_>) -> Result<(), CliError> {
        self.save(MODEL, &trainer.averaged())?;
        self.checkpoint(trainer)
    }

    /// Records the divergence. The model file and the checkpoint are not touched: they hold the
    /// last good state.
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

impl Ending {
    /// Reports the ending as `train` does, and returns the last epoch if the run finished.
    ///
    /// # Errors
    /// When the run did not finish, with the message and the exit code.
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
                Err(CliError::diverged(message).help(format!("{}; {kept}", found.advice)))
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
                    "stopped in epoch {epoch} after {step} steps; `{command}` resumes the run; {out}/{MODEL} has the current weights"
                ));
                Err(CliError::Reported(exit_code(signal)))
            }
        }
    }
}

/// Suggests how to avoid divergence, given what the configuration already does.
pub fn advice(config: &Config) -> String {
    let has = |spec: &str, name: &str| spec.contains(&format!("{name}("));
    let more = if !has(&config.optimizer, "clip_norm") {
        ", or `--max-grad-norm 1`"
    } else if !has(&config.schedule, "warmup") {
        ", or a warmup: `--schedule \"warmup(500) constant\"`"
    } else {
        ""
    };
    format!("try a smaller `--lr`{more}")
}

/// Formats the metrics of the last epoch for people.
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
