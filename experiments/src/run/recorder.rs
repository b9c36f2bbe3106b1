//! Writes the files of a run, during training and at its end.

use std::{io, ops::ControlFlow};

use tapeline_models::{Ended, Epoch, FitEvent, Labels, Model, Progress, Trainer, checkpoint, save};
use tapeline_tensor::Params;

use crate::{
    error::Error,
    interrupt::Interrupt,
    run::{
        config::Config,
        ending::{Divergence, Ending, advice},
        every::Due,
        files::{BEST, CHECKPOINT, MODEL},
        folder::Run,
        outcome::{End, Outcome, SCHEMA},
    },
};

/// An observer of the progress of a run. An error of its methods ends training, which can be
/// resumed.
pub trait Watch: Send {
    /// Called before the first step, or before the first step of a resumed run.
    ///
    /// # Errors
    /// When the progress can't be shown.
    fn begin(&mut self, _trainer: &Trainer<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Called after each step.
    fn step(&mut self, _now: &Progress) {}

    /// Called after each epoch, when its files have been written.
    ///
    /// # Errors
    /// When the progress can't be shown.
    fn epoch(&mut self, _epoch: &Epoch) -> io::Result<()> {
        Ok(())
    }

    /// Called at the end of a run of a study, unless it was interrupted.
    fn end(&mut self, _ending: &Ending) {}
}

/// Ignores the progress.
impl Watch for () {}

/// The observer that records a run in its folder.
pub(crate) struct Recorder<'a> {
    pub run: &'a mut Run,
    pub model: &'a Model,
    pub labels: &'a Labels,
    pub watch: &'a mut dyn Watch,
    pub interrupt: &'a Interrupt,
    pub due: Due,
    pub threads: usize,
    pub test_samples: usize,
    pub val_samples: Option<usize>,
    /// The write error, of a file or standard output, that ended training.
    pub failure: Option<Error>,
}

impl Recorder<'_> {
    /// Handles an event; breaks if training should end.
    pub fn observe(&mut self, event: FitEvent<'_>) -> ControlFlow<()> {
        let noted = match event {
            FitEvent::Step(now, trainer) => {
                self.watch.step(&now);
                match self.due.is_now(trainer.step) {
                    true => self.checkpoint(trainer),
                    false => Ok(()),
                }
            }
            FitEvent::Epoch(epoch, trainer) => self.end_epoch(epoch, trainer),
        };
        if let Err(failure) = noted {
            self.failure = Some(failure);
            return ControlFlow::Break(());
        }
        match self.interrupt.requested() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Writes the files of an epoch before reporting it, so that a reader of the event finds the
    /// model. The checkpoint comes last: if the process is killed before it, the resumed run writes
    /// the files of this epoch again.
    fn end_epoch(&mut self, epoch: &Epoch, trainer: &Trainer<'_>) -> Result<(), Error> {
        let params = trainer.averaged();
        self.save(MODEL, &params)?;
        let best = trainer.history.best();
        if best.is_some_and(|best| best.epoch == epoch.epoch) {
            self.save(BEST, &params)?;
        }
        self.run.add(epoch)?;
        self.checkpoint(trainer)?;
        self.watch.epoch(epoch).map_err(Error::observer)
    }

    /// Writes the checkpoint.
    fn checkpoint(&self, trainer: &Trainer<'_>) -> Result<(), Error> {
        Ok(checkpoint::save(&self.run.file(CHECKPOINT), trainer)?)
    }

    /// Writes a model file into the run folder.
    fn save(&self, name: &str, params: &Params) -> Result<(), Error> {
        Ok(save(&self.run.file(name), self.model, params, self.labels)?)
    }

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
            val_samples: self.val_samples,
            threads: self.threads,
            end,
        })
    }
}
