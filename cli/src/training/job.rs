//! A training, ready to run.

use tapeline_data::{Dataset, Normalisation};
use tapeline_models::{Data, Labels, Memory, Model, Recipe, Trainer, fit, load_weights};
use tapeline_optim::Plan as Schedule;
use tapeline_tensor::{Params, Pool, Profile};

use crate::{
    context::Context,
    data_arg::{TrainingData, agree},
    error::{CliError, in_option},
    training::{
        config::Config,
        ending::Ending,
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

/// What came of a job.
pub struct Trained {
    pub ending: Ending,
    /// Number of steps taken.
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
        fits.map_err(in_option("--loss", &settings.loss))?;
        let parts = Parts::new(settings, train, test)?;
        let weights = settings.weights.as_ref();
        let weights = weights.map(|file| load_weights(file, &model)).transpose()?;
        let steps_in_epoch = parts.train.len().div_ceil(settings.batch_size) as u64;
        let schedule = specs
            .schedule
            .plan(settings.epochs.saturating_mul(steps_in_epoch));
        Ok(Job {
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

    /// Trains, and fills the run folder. A loss that is not finite or a signal is an ending like any other; an error is a file that
    /// can't be written.
    pub fn run(
        &self,
        run: &mut Run,
        pool: &Pool,
        signals: &Signals,
        profiled: bool,
        watch: &mut dyn Watch,
    ) -> Result<Trained, CliError> {
        let labels = Labels {
            classes: self.parts.train.classes.to_vec(),
            normalisation: Normalisation::default(),
        };
        let mut recorder = Recorder {
            run,
            model: &self.model,
            labels: &labels,
            watch,
            signals,
            history: Vec::new(),
            steps_in_epoch: self.parts.train.len().div_ceil(self.config.batch_size) as u64,
            threads: pool.threads(),
            failure: None,
        };
        let (model, loss, seed) = (&self.model, &*self.specs.loss.loss, self.config.seed);
        let params = self.weights.clone().unwrap_or_else(|| model.init(seed));
        let stepper = self.specs.optimizer.init(&params);
        let mut trainer = Trainer::new(model, loss, params, stepper, seed);
        trainer.profile = profiled.then(Profile::default);
        let data = Data {
            train: &self.parts.train,
            test: &self.parts.test,
            val: self.parts.val.as_ref(),
        };
        let ended = pool.install(|| {
            fit(&mut trainer, &self.recipe(), &data, &mut |happened| {
                recorder.observe(happened)
            })
        });
        Ok(Trained {
            ending: recorder.end(ended.err(), &trainer)?,
            steps: trainer.step,
            profile: trainer.profile.take(),
        })
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe {
            epochs: self.config.epochs,
            batch_size: self.config.batch_size,
            seed: self.config.seed,
            normalisation: Normalisation::default(),
            augment: self.specs.augment.as_ref(),
            schedule: &self.schedule,
        }
    }
}

impl Parts {
    fn new(settings: &Settings, train: Dataset, test: Dataset) -> Result<Parts, CliError> {
        let (mut train, val) = match settings.val {
            Some(count) => {
                let parts = train.split_last(count);
                let (train, val) =
                    parts.map_err(|error| CliError::usage(format!("--val {count}: {error}")))?;
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
