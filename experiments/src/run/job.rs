//! A run that is ready to start.

use std::ops::ControlFlow;

use tapeline_data::{Dataset, Preparation, Statistics};
use tapeline_models::{
    Data, Ended, Epoch, FitEvent, Labels, Memory, Model, Recipe, Trainer, checkpoint, fit,
};
use tapeline_optim::Scheduler;
use tapeline_tensor::{Params, Pool, Profile};

use crate::{
    context::Context,
    error::{Error, in_option},
    interrupt::Interrupt,
    run::dataset::{TrainingData, expect_classes},
    run::{
        config::{Config, NormalisationConfig, Record, VERSION},
        ending::{Ending, advice},
        every::{Due, Every},
        files::CHECKPOINT,
        folder::Run,
        parts::Parts,
        recorder::{Recorder, Watch},
        tuning::{first_weights, freeze, lr_scales},
    },
    settings::{Settings, origin::Origin, specs::Specs},
    stored_path::StoredPath,
};

/// Help for a checkpoint that can't be read.
const RESTORED: &str = "the run resumes from `checkpoint.safetensors` and the epochs in `metrics.csv`, which must be unmodified; \
    without the checkpoint it starts over";

/// A run whose settings and data have been read and checked, ready for its first step.
pub struct Job {
    /// The model.
    pub model: Model,
    /// The resolved configuration.
    pub config: Config,
    /// The data.
    pub parts: Parts,
    /// Size of the whole dataset as loaded, in bytes.
    pub data_size: u64,
    /// How the images of the dataset were prepared.
    preparation: Preparation,
    /// Initial weights, if they are not random.
    weights: Option<Params>,
    /// What was not taken from their file.
    left: Option<String>,
    /// The factor on the learning rate of each parameter.
    lr_scales: Vec<f64>,
    specs: Specs,
    schedule: Scheduler,
}

/// Execution options; they do not affect the result.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// The threads to use.
    pub pool: &'a Pool,
    /// A request to stop after the current step.
    pub interrupt: &'a Interrupt,
    /// The interval between checkpoints.
    pub checkpoint_every: Every,
    /// Whether to measure the time of each layer.
    pub profiled: bool,
}

/// The result of running a job.
pub struct Trained {
    /// How the run ended.
    pub ending: Ending,
    /// Number of steps taken, excluding those before the run was resumed.
    pub steps: u64,
    /// Number of samples in those steps; the last batch of an epoch may be smaller.
    pub samples: u64,
    /// The time of each operation, if it was measured.
    pub profile: Option<Profile>,
    /// The weights after the last step.
    pub params: Params,
    /// The metrics of all epochs.
    pub history: Vec<Epoch>,
}

/// Checks that there are images for validation if the settings depend on the loss on them.
fn expect_validation(settings: &Settings, specs: &Specs, parts: &Parts) -> Result<(), Error> {
    if parts.val.is_some() {
        return Ok(());
    }
    let what = if specs.schedule.goes_by_loss() {
        format!(
            "{}: `{}`",
            specs.origin.of("schedule"),
            specs.schedule.short()
        )
    } else if let Some(patience) = settings.patience {
        format!("{} {patience}", specs.origin.of("patience"))
    } else {
        return Ok(());
    };
    let message =
        format!("{what} monitors the validation loss, but no images are held out for validation");
    Err(Error::usage(message).help("hold out some images: `--val 0.1`"))
}

impl Job {
    /// Builds the model for the dataset, and checks that settings, model and dataset fit together.
    ///
    /// # Errors
    /// When they don't, or a spec is invalid. `origin` says where the settings come from.
    pub fn new(
        settings: &Settings,
        origin: Origin,
        data: &TrainingData,
        cx: &Context,
    ) -> Result<Self, Error> {
        settings.check().map_err(Error::usage)?;
        let mut specs = Specs::read(settings, origin, cx)?;
        let train = &data.loaded.train;
        let mut model = specs
            .source
            .build(&train.shape(), train.classes.len(), cx)?;
        expect_classes(&model, &data.loaded, &specs.source)?;
        let parts = data.parts(settings, &specs.origin)?;
        expect_validation(settings, &specs, &parts)?;
        specs.loss = specs.loss.for_counts(&parts.train.class_counts());
        let fits = specs.loss.expect_classes(train.classes.len());
        fits.map_err(in_option(&specs.origin.of("loss")))?;
        freeze(settings, &specs.origin, &mut model)?;
        let lr_scales = lr_scales(settings, &specs.origin, &model)?;
        if settings.partial && settings.weights.is_none() {
            let message = format!(
                "{}: there are no initial weights",
                specs.origin.of("partial")
            );
            return Err(Error::usage(message).help("add `--weights FILE`"));
        }
        let first = settings.weights.as_ref();
        let first = first.map(|file| first_weights(file.path(), &model, settings));
        let first = first.transpose()?;
        let sha256 = first.as_ref().map(|first| first.sha256.clone());
        let (weights, left) = first.map(|first| (first.params, first.left)).unzip();
        let steps_in_epoch = parts.train.len().div_ceil(settings.batch_size) as u64;
        let schedule = specs
            .schedule
            .scheduler(settings.epochs.saturating_mul(steps_in_epoch));
        // All specs in full form; the optimizer includes the learning rate and the clipping.
        let resolved = Settings {
            model: model.full().into(),
            loss: specs.loss.text.clone(),
            optimizer: specs.optimizer.full(),
            schedule: specs.schedule.full().into(),
            augment: specs.augment.as_ref().map(|augment| augment.full().into()),
            lr: None,
            max_grad_norm: None,
            ..settings.clone()
        };
        let record = Record {
            weights_path: settings.weights.as_ref().and_then(StoredPath::absolute),
            weights_sha256: sha256,
            data: data.config.clone(),
            normalisation: NormalisationConfig(settings.normalize.of(&parts.train)?),
        };
        Ok(Job {
            data_size: data.size(),
            preparation: data.loaded.preparation,
            config: Config {
                version: VERSION.into(),
                settings: resolved,
                record,
            },
            model,
            parts,
            weights,
            left: left.flatten(),
            lr_scales,
            specs,
            schedule,
        })
    }

    /// Estimates the memory that the run needs, excluding the dataset.
    pub fn memory(&self) -> Memory {
        let (batch, evaluated) = self.samples_at_once();
        Memory::training(&self.model.plan, &self.specs.optimizer, batch, evaluated)
    }

    /// Returns a lower bound of that memory, without allocating any.
    pub fn least_memory(&self) -> Memory {
        let (batch, _) = self.samples_at_once();
        Memory::lower_bound(&self.model.plan, &self.specs.optimizer, batch)
    }

    /// Returns the size of the largest batch, and the number of samples of the largest evaluation.
    pub fn samples_at_once(&self) -> (usize, usize) {
        let Parts { train, test, val } = &self.parts;
        let evaluated = test.len().max(val.as_ref().map_or(0, Dataset::len));
        (self.config.settings.batch_size.min(train.len()), evaluated)
    }

    /// Warns about settings that are valid but probably unintended, and lists what was not taken
    /// from the initial weights.
    pub fn warn(&self, cx: &Context) {
        if let Some(left) = &self.left {
            cx.messages.note(left);
        }
        cx.messages.warn_spec(
            self.specs.source.origin.as_deref(),
            &self.model.warnings(&self.specs.loss.def),
        );
        let warnings = self.recipe().warnings(&self.model, self.parts.train.len());
        for warning in warnings {
            cx.messages.warn(&warning);
        }
    }

    /// Trains, starting from the checkpoint in the run folder if there is one, and writes the files
    /// of the run. Divergence and signals are regular endings. Errors are files that can't be
    /// written and checkpoints that can't be read.
    pub fn run(
        &self,
        run: &mut Run,
        options: RunOptions<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Trained, Error> {
        let mut trainer = self.trainer();
        self.restore(&mut trainer, run)?;
        trainer.profile = options.profiled.then(Profile::default);
        run.begin(&self.config, &trainer.history)?;
        let begun = watch.begin(&trainer);
        begun.map_err(|error| run.can_be_resumed(Error::observer(error)))?;

        let labels = self.labels();
        let mut recorder = Recorder {
            run,
            model: &self.model,
            labels: &labels,
            watch,
            interrupt: options.interrupt,
            due: Due::new(options.checkpoint_every),
            threads: options.pool.threads(),
            test_samples: self.parts.test.len(),
            val_samples: self.parts.val.as_ref().map(Dataset::len),
            failure: None,
        };
        let samples = |trainer: &Trainer<'_>| {
            let epochs = trainer.history.len() as u64 * self.parts.train.len() as u64;
            epochs + trainer.running.samples as u64
        };
        let before = (trainer.step, samples(&trainer));
        let ended = options.pool.install(|| {
            let data = self.parts.data();
            fit(&mut trainer, &self.recipe(), &data, &mut |happened| {
                recorder.observe(happened)
            })
        });
        Ok(Trained {
            ending: recorder.end(ended.err(), &trainer, &self.config)?,
            steps: trainer.step - before.0,
            samples: samples(&trainer) - before.1,
            profile: trainer.profile.take(),
            params: trainer.averaged().into_owned(),
            history: trainer.history.to_vec(),
        })
    }

    /// Trains without a run folder, so that nothing is written, and returns the weights and the
    /// metrics of all epochs.
    ///
    /// # Errors
    /// When a value is not finite, or the observer fails.
    pub fn train(&self, pool: &Pool, watch: &mut dyn Watch) -> Result<(Params, Vec<Epoch>), Error> {
        let mut trainer = self.trainer();
        watch.begin(&trainer).map_err(Error::observer)?;
        let mut failure = None;
        let ended = pool.install(|| {
            let data = self.parts.data();
            fit(&mut trainer, &self.recipe(), &data, &mut |happened| {
                let seen = match happened {
                    FitEvent::Step(now, _) => {
                        watch.step(&now);
                        Ok(())
                    }
                    FitEvent::Epoch(epoch, _) => watch.epoch(epoch),
                };
                match seen {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(reason) => {
                        failure = Some(Error::observer(reason));
                        ControlFlow::Break(())
                    }
                }
            })
        });
        match (failure, ended) {
            (Some(failure), _) => Err(failure),
            (None, Err(Ended::Diverged(found))) => {
                let message = format!("epoch {}, {found}", trainer.epoch());
                Err(Error::diverged(message).help(advice(&self.config.settings)))
            }
            (None, _) => Ok((trainer.averaged().into_owned(), trainer.history.to_vec())),
        }
    }

    /// Returns the meaning of the model's inputs and outputs.
    pub fn labels(&self) -> Labels {
        Labels {
            classes: self.parts.train.classes.to_vec(),
            normalisation: self.config.record.normalisation.0,
            preparation: self.preparation,
            statistics: Some(Statistics::of(&self.parts.train)),
        }
    }

    /// Returns a trainer at step 0.
    fn trainer(&self) -> Trainer<'_> {
        let (model, seed) = (&self.model, self.config.settings.seed);
        let params = self.weights.clone().unwrap_or_else(|| model.init(seed));
        let stepper = self.specs.optimizer.init(&params);
        let stepper = stepper.with_lr_scales(self.lr_scales.clone());
        Trainer::new(model, &*self.specs.loss.loss, params, stepper, seed)
    }

    /// Restores a trainer from the checkpoint in the run folder, if there is one.
    fn restore(&self, trainer: &mut Trainer<'_>, run: &Run) -> Result<(), Error> {
        let checkpoint = run.file(CHECKPOINT);
        if !checkpoint.exists() {
            return Ok(());
        }
        let samples = self.parts.train.len();
        let history = run.history()?;
        checkpoint::restore(&checkpoint, trainer, &self.recipe(), samples, &history)
            .map_err(|error| Error::from(error).help(RESTORED))?;
        let (epochs, begun) = (self.config.settings.epochs, trainer.running.samples > 0);
        if trainer.history.len() as u64 + u64::from(begun) > epochs {
            let message = format!(
                "--epochs {epochs}: the run is already in epoch {}",
                trainer.epoch()
            );
            return Err(Error::usage(message));
        }
        Ok(())
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe {
            epochs: self.config.settings.epochs,
            batch_size: self.config.settings.batch_size,
            seed: self.config.settings.seed,
            normalisation: self.config.record.normalisation.0,
            augment: self.specs.augment.as_ref(),
            schedule: &self.schedule,
            patience: self.config.settings.patience,
        }
    }
}

impl Parts {
    fn data(&self) -> Data<'_> {
        Data {
            train: &self.train,
            test: &self.test,
            val: self.val.as_ref(),
        }
    }
}
