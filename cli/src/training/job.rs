//! A training, ready to run.

use tapeline_data::Dataset;
use tapeline_models::{
    Data, Labels, Memory, Model, Recipe, Trainer, checkpoint, fit, load_weights,
};
use tapeline_optim::Plan as Schedule;
use tapeline_tensor::{Params, Pool, Profile};

use crate::{
    context::Context,
    data_arg::{TrainingData, agree},
    error::{CliError, in_option},
    training::{
        config::Config,
        ending::Ending,
        every::{Due, Every},
        files::CHECKPOINT,
        origin::Origin,
        recorder::{Recorder, Watch},
        run::Run,
        settings::{Settings, Specs},
        signals::Signals,
    },
};

/// A training of which everything is known and checked, before its first step.
pub struct Job<'r> {
    pub model: Model,
    pub config: Config,
    pub parts: Parts,
    /// Bytes of all data, as loaded.
    pub data_size: u64,
    /// Weights to start from, where they are not drawn.
    weights: Option<Params>,
    specs: Specs<'r>,
    schedule: Schedule,
}

/// The data, in the parts that a training needs.
pub struct Parts {
    pub train: Dataset,
    pub test: Dataset,
    pub val: Option<Dataset>,
}

/// How a job is run. Its result doesn't depend on it.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    pub pool: &'a Pool,
    pub signals: &'a Signals,
    pub checkpoint_every: Every,
    /// Whether it is measured where the time goes.
    pub profiled: bool,
}

/// What came of a job.
pub struct Trained {
    pub ending: Ending,
    /// Number of steps taken, without those before it was resumed.
    pub steps: u64,
    pub profile: Option<Profile>,
}

impl<'r> Job<'r> {
    /// A training with these settings on this data: the model is built, and everything must fit.
    pub fn new(
        settings: &Settings,
        specs: Specs<'r>,
        seed: u64,
        data: &TrainingData,
        cx: &'r Context,
    ) -> Result<Self, CliError> {
        let model = specs.source.build(&data.loaded.train.shape(), cx)?;
        let (train, test) = agree(&model, &data.loaded, &specs.source)?;
        let fits = specs.loss.expect_classes(train.classes.len());
        fits.map_err(in_option(&specs.origin.of("loss"), &settings.loss))?;
        let parts = Parts::new(settings, &specs.origin, train, test)?;
        let weights = settings.weights.as_ref();
        let weights = weights
            .map(|file| load_weights(file.path(), &model))
            .transpose()?;
        let steps_in_epoch = parts.train.len().div_ceil(settings.batch_size) as u64;
        let schedule = specs
            .schedule
            .plan(settings.epochs.saturating_mul(steps_in_epoch));
        Ok(Job {
            data_size: data.size(),
            config: Config::new(settings, &specs, &model, seed, data.config.clone())?,
            model,
            parts,
            weights,
            specs,
            schedule,
        })
    }

    /// The memory that it takes, the data not counted.
    pub fn memory(&self) -> Memory {
        Memory::training(
            &self.model.plan,
            &self.specs.optimizer,
            self.config.batch_size,
        )
    }

    /// What is allowed, but hardly meant.
    pub fn warn(&self, cx: &Context) {
        cx.terminal.warn_spec(
            self.specs.source.origin.as_deref(),
            &self.model.warnings(&self.specs.loss.def),
        );
        let warnings = self.recipe().warnings(&self.model, self.parts.train.len());
        for warning in warnings {
            cx.terminal.warn(&warning);
        }
    }

    /// Trains, from where the run folder's checkpoint stands if there is one, and fills the folder. A loss that is not finite or a signal
    /// is an ending like any other; an error is a file that can't be written, or a checkpoint that can't be read.
    pub fn run(
        &self,
        run: &mut Run,
        manner: Manner<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Trained, CliError> {
        let (model, loss, seed) = (&self.model, &*self.specs.loss.loss, self.config.seed);
        let params = self.weights.clone().unwrap_or_else(|| model.init(seed));
        let stepper = self.specs.optimizer.init(&params);
        let mut trainer = Trainer::new(model, loss, params, stepper, seed);
        self.restore(&mut trainer, run)?;
        trainer.profile = manner.profiled.then(Profile::default);
        run.begin(&self.config, &trainer.history)?;
        let told = watch.begin(&trainer);
        told.map_err(|error| run.can_be_resumed(error))?;

        let labels = Labels {
            classes: self.parts.train.classes.to_vec(),
            normalisation: self.config.normalisation.0,
        };
        let mut recorder = Recorder {
            run,
            model,
            labels: &labels,
            watch,
            signals: manner.signals,
            due: Due::new(manner.checkpoint_every),
            threads: manner.pool.threads(),
            failure: None,
        };
        let data = Data {
            train: &self.parts.train,
            test: &self.parts.test,
            val: self.parts.val.as_ref(),
        };
        let before = trainer.step;
        let ended = manner.pool.install(|| {
            fit(&mut trainer, &self.recipe(), &data, &mut |happened| {
                recorder.observe(happened)
            })
        });
        Ok(Trained {
            ending: recorder.end(ended.err(), &trainer)?,
            steps: trainer.step - before,
            profile: trainer.profile.take(),
        })
    }

    /// Brings a trainer to where the run folder's checkpoint stands, if there is one.
    fn restore(&self, trainer: &mut Trainer<'_>, run: &Run) -> Result<(), CliError> {
        let checkpoint = run.file(CHECKPOINT);
        if !checkpoint.exists() {
            return Ok(());
        }
        let samples = self.parts.train.len();
        checkpoint::restore(&checkpoint, trainer, &self.recipe(), samples)
            .map_err(|error| CliError::from(error).help("without this file the run begins anew"))?;
        let (epochs, begun) = (self.config.epochs, trainer.running.samples > 0);
        if trainer.history.len() as u64 + u64::from(begun) > epochs {
            let message = format!("--epochs {epochs}: the run is in epoch {}", trainer.epoch());
            return Err(CliError::usage(message));
        }
        Ok(())
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe {
            epochs: self.config.epochs,
            batch_size: self.config.batch_size,
            seed: self.config.seed,
            normalisation: self.config.normalisation.0,
            augment: self.specs.augment.as_ref(),
            schedule: &self.schedule,
        }
    }
}

impl Parts {
    fn new(
        settings: &Settings,
        origin: &Origin,
        train: Dataset,
        test: Dataset,
    ) -> Result<Parts, CliError> {
        let (mut train, val) = match settings.val {
            Some(count) => {
                let parts = train.split_last(count);
                let (train, val) = parts.map_err(|error| {
                    CliError::usage(format!("{} {count}: {error}", origin.of("val")))
                })?;
                (train, Some(val))
            }
            None => (train, None),
        };
        if let Some(count) = settings.limit {
            train = train.limit(count);
        }
        Ok(Parts { train, test, val })
    }
}
