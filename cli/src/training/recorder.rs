//! What is kept of a training while it runs.

use std::ops::ControlFlow;

use tapeline_models::{
    Epoch, Event as Happened, Labels, Model, Progress, Trainer, checkpoint, save,
};
use tapeline_tensor::Params;

use crate::{
    error::CliError,
    training::{
        every::Due,
        files::{BEST, CHECKPOINT, MODEL},
        run::Run,
        signals::Signals,
    },
};

/// Who is told how far a training is.
pub trait Watch: Send {
    /// The next step is the first one, or the first after those that a resumed training has taken.
    ///
    /// # Errors
    /// When this can't be shown; the training doesn't begin then.
    fn begin(&mut self, trainer: &Trainer<'_>) -> Result<(), CliError>;
    /// A step is done.
    fn step(&mut self, now: &Progress);
    /// An epoch is done, and its files are written.
    ///
    /// # Errors
    /// When this can't be shown; the training ends then, and can be resumed.
    fn epoch(&mut self, epoch: &Epoch) -> Result<(), CliError>;
}

/// The observer of a training.
pub struct Recorder<'a> {
    pub run: &'a mut Run,
    pub model: &'a Model,
    pub labels: &'a Labels,
    pub watch: &'a mut dyn Watch,
    pub signals: &'a Signals,
    pub due: Due,
    pub threads: usize,
    pub test_samples: usize,
    /// The file or standard output that couldn't be written, which ended the training from here.
    pub failure: Option<CliError>,
}

impl Recorder<'_> {
    /// Takes note of an event; breaks when the training should end.
    pub fn observe(&mut self, happened: Happened<'_>) -> ControlFlow<()> {
        let noted = match happened {
            Happened::Step(now, trainer) => {
                self.watch.step(&now);
                match self.due.is_now(trainer.step) {
                    true => self.checkpoint(trainer),
                    false => Ok(()),
                }
            }
            Happened::Epoch(epoch, trainer) => self.end_epoch(epoch, trainer),
        };
        if let Err(failure) = noted {
            self.failure = Some(failure);
            return ControlFlow::Break(());
        }
        match self.signals.came() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Writes the epoch's files, then tells of it: who hears of an epoch finds its model. The checkpoint comes last: a training that was
    /// killed before it does the epoch's end again.
    fn end_epoch(&mut self, epoch: &Epoch, trainer: &Trainer<'_>) -> Result<(), CliError> {
        let params = trainer.averaged();
        self.save(MODEL, &params)?;
        let best = trainer.history.best();
        if best.is_some_and(|best| best.epoch == epoch.epoch) {
            self.save(BEST, &params)?;
        }
        self.run.add(epoch)?;
        self.checkpoint(trainer)?;
        self.watch.epoch(epoch)
    }

    /// Writes the checkpoint.
    pub fn checkpoint(&self, trainer: &Trainer<'_>) -> Result<(), CliError> {
        Ok(checkpoint::save(&self.run.file(CHECKPOINT), trainer)?)
    }

    /// Writes a model file into the run folder.
    pub fn save(&self, name: &str, params: &Params) -> Result<(), CliError> {
        Ok(save(&self.run.file(name), self.model, params, self.labels)?)
    }
}
