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
    /// Why the training was ended from here.
    pub failure: Option<Failure>,
}

/// What ends a training from outside of it.
pub enum Failure {
    /// A file or stdout could not be written.
    Error(CliError),
    /// The last step of an epoch has made a parameter that is not finite; its name.
    NotFinite(String),
}

impl Recorder<'_> {
    /// Takes note of an event; breaks when the training should end.
    pub fn observe(&mut self, happened: Happened<'_>) -> ControlFlow<()> {
        let noted = match happened {
            Happened::Step(now, trainer) => {
                self.watch.step(&now);
                match self.due.is_now(trainer.step) {
                    true => self.checkpoint(trainer).map_err(Failure::Error),
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
    fn end_epoch(&mut self, epoch: &Epoch, trainer: &Trainer<'_>) -> Result<(), Failure> {
        let not_finite = trainer.params.first_non_finite();
        if not_finite.is_none() {
            let params = trainer.averaged();
            self.save(MODEL, &params).map_err(Failure::Error)?;
            if is_best(&trainer.history) {
                self.save(BEST, &params).map_err(Failure::Error)?;
            }
        }
        self.run.add(epoch).map_err(Failure::Error)?;
        self.checkpoint(trainer).map_err(Failure::Error)?;
        self.watch.epoch(epoch).map_err(Failure::Error)?;
        match not_finite {
            Some(param) => Err(Failure::NotFinite(param.name.clone())),
            None => Ok(()),
        }
    }

    /// Writes the checkpoint, unless there is nothing in it to go on from.
    pub fn checkpoint(&self, trainer: &Trainer<'_>) -> Result<(), CliError> {
        match trainer.params.first_non_finite() {
            Some(_) => Ok(()),
            None => Ok(checkpoint::save(&self.run.file(CHECKPOINT), trainer)?),
        }
    }

    /// Writes a model file into the run folder.
    pub fn save(&self, name: &str, params: &Params) -> Result<(), CliError> {
        Ok(save(&self.run.file(name), self.model, params, self.labels)?)
    }
}

/// Whether the last epoch is better on the validation data than all before it: more accurate, or as accurate with a smaller loss.
fn is_best(history: &[Epoch]) -> bool {
    let Some((last, before)) = history.split_last() else {
        return false;
    };
    let Some((loss, accuracy)) = last.val else {
        return false;
    };
    let mut before = before.iter().filter_map(|epoch| epoch.val);
    before.all(|(old_loss, old_accuracy)| {
        accuracy > old_accuracy || (accuracy == old_accuracy && loss < old_loss)
    })
}
