//! The training loop over epochs.

use std::{ops::ControlFlow, time::Instant};

use tapeline_data::{Augmentation, Dataset, Normalisation, batches};
use tapeline_optim::Scheduler;
use tapeline_tensor::buffer::give_back;

use crate::{
    Diverged, Epoch, History, Model, Progress, Trainer,
    error::During,
    evaluate::{batch, evaluate},
    train::time,
};

/// Training hyperparameters.
pub struct Recipe<'a> {
    /// Number of passes over the training data.
    pub epochs: u64,
    /// Batch size; the last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Seed of everything random: order of the data, augmentation, dropout.
    pub seed: u64,
    /// Conversion from pixels to input values.
    pub normalisation: Normalisation,
    /// Augmentation of the training images; evaluation images are never augmented.
    pub augment: Option<&'a Augmentation>,
    /// Learning-rate schedule.
    pub schedule: &'a Scheduler,
    /// Number of epochs without a smaller validation loss after which training ends early.
    pub patience: Option<u64>,
}

impl Recipe<'_> {
    /// Returns whether training depends on the validation loss.
    pub fn monitors_loss(&self) -> bool {
        self.schedule.goes_by_loss() || self.patience.is_some()
    }

    /// Returns whether training ends early after these epochs.
    fn ends_after(&self, history: &History) -> bool {
        let patience = self.patience;
        patience.is_some_and(|patience| history.stalled_for() >= patience)
    }

    /// Returns warnings about valid but probably unintended settings: a batch of one sample for a
    /// layer that learns nothing from it.
    ///
    /// ```
    /// use tapeline_layers::layers;
    /// use tapeline_models::{Model, Recipe, presets};
    /// use tapeline_optim::{Schedule, schedules};
    ///
    /// let model = Model::build("linear(3) batchnorm1d", &[4], &layers(), &presets())?;
    /// let schedule = Schedule::read("constant", &schedules())?.scheduler(11);
    /// let recipe = Recipe { epochs: 1, batch_size: 10, seed: 0, normalisation: Default::default(), augment: None, schedule: &schedule, patience: None };
    /// assert_eq!(recipe.warnings(&model, 101).len(), 1);
    /// assert_eq!(recipe.warnings(&model, 100).len(), 0);
    /// # Ok::<(), tapeline_spec::SpecError>(())
    /// ```
    pub fn warnings(&self, model: &Model, samples: usize) -> Vec<String> {
        if self.batch_size > 1 && samples % self.batch_size != 1 {
            return Vec::new();
        }
        let batch = match self.batch_size {
            1 => "each batch",
            _ => "the last batch of an epoch",
        };
        let rows = model
            .plan
            .want_several
            .iter()
            .map(|&row| &model.plan.rows[row]);
        let warnings = rows.map(|row| {
            format!(
                "`{}` (layer {}) learns nothing from {batch}, which holds a single sample: it outputs its bias there",
                row.text, row.path
            )
        });
        warnings.collect()
    }
}

/// The datasets of a training run. They share one shape, and their classes are those of the model.
pub struct Data<'a> {
    /// Training data.
    pub train: &'a Dataset,
    /// Test data, for the final metrics.
    pub test: &'a Dataset,
    /// Validation data, for choosing among epochs and for schedules that monitor the loss.
    pub val: Option<&'a Dataset>,
}

impl Data<'_> {
    /// Returns the number of steps in an epoch with batches of this size.
    pub fn steps_in_epoch(&self, batch_size: usize) -> u64 {
        self.train.len().div_ceil(batch_size) as u64
    }
}

/// Events passed to the observer during training.
pub enum FitEvent<'e> {
    /// A step has finished.
    Step(Progress, &'e Trainer<'e>),
    /// The steps of an epoch have finished, and the model has been evaluated.
    Epoch(&'e Epoch, &'e Trainer<'e>),
}

/// Why a training run ended before its last epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// A metric, a gradient or a parameter wasn't finite, in a step or in an evaluation.
    Diverged(Diverged),
    /// The observer stopped the run.
    Stopped,
}

/// Trains from the trainer's current state until the recipe's epochs are done, and reports each
/// step and epoch to `observer`.
///
/// Prints nothing.
///
/// The observer may stop the run after any step. Afterwards, [`Trainer::history`] holds the metrics
/// of all epochs; those on the test and validation data are measured with [`Trainer::averaged`]. A
/// run resumed from a [checkpoint](crate::checkpoint) after any step produces bit-identical
/// results.
///
/// # Errors
/// Returns an error if a value isn't finite in a step or in the evaluation on the test or
/// validation data, or if the observer stopped the run. The observer receives only steps and epochs
/// in which all values are finite.
///
/// # Panics
/// Panics if the data has another shape than the model's input, or classes that the model doesn't
/// have; if the schedule or `patience` monitors the validation loss and there is no validation data;
/// if the augmentation mixes images and the loss isn't defined for [mixed
/// targets](tapeline_layers::SoftLoss); or if the trainer is in a state that this recipe and data
/// can't have produced.
#[track_caller]
pub fn fit(
    trainer: &mut Trainer<'_>,
    recipe: &Recipe<'_>,
    data: &Data<'_>,
    observer: &mut dyn FnMut(FitEvent<'_>) -> ControlFlow<()>,
) -> Result<(), Ended> {
    assert!(
        data.val.is_some() || !recipe.monitors_loss(),
        "fit: the recipe monitors the validation loss, but there is no validation data"
    );
    let steps_in_epoch = data.steps_in_epoch(recipe.batch_size);
    let done = trainer.history.len();
    let steps = trainer
        .running
        .steps(done, data.train.len(), recipe.batch_size);
    assert!(
        steps == Some(trainer.step),
        "fit: the trainer is at step {}, which this recipe and data can't reach",
        trainer.step
    );
    let mut schedule = recipe.schedule.clone();
    for epoch in trainer.history.iter() {
        if let Some((loss, _)) = epoch.val {
            schedule.tell(epoch.epoch * steps_in_epoch, loss);
        }
    }
    while (trainer.history.len() as u64) < recipe.epochs && !recipe.ends_after(&trainer.history) {
        train_epoch(trainer, recipe, &schedule, data.train, observer)?;
        let progress = trainer.running.progress(trainer.epoch(), data.train.len());

        let begun = Instant::now();
        let params = trainer.averaged();
        let judge = |data, during| {
            evaluate(
                trainer.model,
                &params,
                trainer.loss,
                data,
                recipe.normalisation,
            )
            .map_err(|found| Ended::Diverged(trainer.diverged(during, found)))
        };
        let test = judge(data.test, During::Test)?;
        let test_seconds = begun.elapsed().as_secs_f64();
        let val = data.val.map(|val| judge(val, During::Validation));
        let val = val.transpose()?;
        let running = std::mem::take(&mut trainer.running);
        let factor = schedule.factor(trainer.step.saturating_sub(1));
        if let Some(val) = &val {
            schedule.tell(trainer.step, val.loss);
        }
        let epoch = Epoch {
            epoch: trainer.epoch(),
            train_loss: progress.loss,
            train_accuracy: progress.accuracy,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            val: val.map(|val| (val.loss, val.accuracy)),
            lr: trainer.stepper.lr() * factor,
            train_seconds: running.time.as_secs_f64(),
            test_seconds,
        };
        trainer.history.push(epoch.clone());
        if observer(FitEvent::Epoch(&epoch, trainer)).is_break() {
            return Err(Ended::Stopped);
        }
    }
    Ok(())
}

/// Performs the remaining steps of the current epoch.
fn train_epoch(
    trainer: &mut Trainer<'_>,
    recipe: &Recipe<'_>,
    schedule: &Scheduler,
    data: &Dataset,
    observer: &mut dyn FnMut(FitEvent<'_>) -> ControlFlow<()>,
) -> Result<(), Ended> {
    let epoch = trainer.epoch();
    let draws = recipe
        .augment
        .map(|augmentation| augmentation.draws(recipe.seed, epoch));
    let mixes = recipe.augment.is_some_and(Augmentation::mixes);
    let mut begun = Instant::now();
    let batches = batches(data.len(), recipe.batch_size, recipe.seed, epoch);
    let done = trainer.running.samples.div_ceil(recipe.batch_size);
    for indices in batches.chunks().skip(done) {
        let images = time(&mut trainer.profile, "gather", || {
            batch(data, indices, recipe.normalisation, draws)
        });
        let factor = schedule.factor(trainer.step);
        let step = match draws.filter(|_| mixes) {
            Some(draws) => trainer.step_mixed(&images, &data.mixtures(indices, draws), factor),
            None => trainer.step(&images, &data.labels_of(indices), factor),
        };
        let step = step.map_err(Ended::Diverged)?;
        give_back(images);
        let running = &mut trainer.running;
        running.add(&step, indices.len());
        running.time += begun.elapsed();
        let progress = running.progress(epoch, data.len());
        if observer(FitEvent::Step(progress, trainer)).is_break() {
            return Err(Ended::Stopped);
        }
        // Time spent in the observer, for example writing files, doesn't count as training time.
        begun = Instant::now();
    }
    Ok(())
}
