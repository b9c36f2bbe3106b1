//! Writes the files of a run during training.

use std::{io, ops::ControlFlow};

use tapeline_models::{Epoch, FitEvent, Labels, Model, Progress, Trainer, checkpoint, save};
use tapeline_tensor::Params;

use crate::{
    error::Error,
    interrupt::Interrupt,
    run::{
        ending::Ending,
        every::Due,
        files::{BEST, CHECKPOINT, MODEL},
        folder::Run,
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
    pub fn checkpoint(&self, trainer: &Trainer<'_>) -> Result<(), Error> {
        Ok(checkpoint::save(&self.run.file(CHECKPOINT), trainer)?)
    }

    /// Writes a model file into the run folder.
    pub fn save(&self, name: &str, params: &Params) -> Result<(), Error> {
        Ok(save(&self.run.file(name), self.model, params, self.labels)?)
    }
}
