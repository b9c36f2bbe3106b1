//! A run that is ready to start.

use std::path::Path;

use sha2::{Digest, Sha256};
use tapeline_data::Dataset;
use tapeline_models::{
    Data, Labels, Memory, Model, Recipe, Trainer, checkpoint, file, fit, weights,
};
use tapeline_optim::Plan as Schedule;
use tapeline_tensor::{Params, Pool, Profile};

use crate::{
    context::Context,
    data_arg::{TrainingData, expect_classes},
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

/// Help for a checkpoint that can't be read.
const RESTORED: &str = "the run resumes from `checkpoint.safetensors` and the epochs in `metrics.csv`, which must be unmodified; \
    without the checkpoint it starts over";

/// A run whose settings and data have been read and checked, ready for its first step.
pub struct Job<'r> {
    pub model: Model,
    pub config: Config,
    pub parts: Parts,
    /// Size of the whole dataset as loaded, in bytes.
    pub data_size: u64,
    /// Initial weights, if they are not random.
    weights: Option<Params>,
    specs: Specs<'r>,
    schedule: Schedule,
}

/// The parts of the dataset used for training, testing and validation.
pub struct Parts {
    pub train: Dataset,
    pub test: Dataset,
    pub val: Option<Dataset>,
}

/// Execution options; they do not affect the result.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    pub pool: &'a Pool,
    pub signals: &'a Signals,
    pub checkpoint_every: Every,
    /// Whether to measure the time of each layer.
    pub profiled: bool,
}

/// The result of running a job.
pub struct Trained {
    pub ending: Ending,
    /// Number of steps taken, excluding those before the run was resumed.
    pub steps: u64,
    /// Number of samples in those steps; the last batch of an epoch may be smaller.
    pub samples: u64,
    pub profile: Option<Profile>,
}

/// Reads the initial weights and the SHA-256 of their file. The file is read only once because it
/// may be a pipe.
fn first_weights(path: &Path, model: &Model) -> Result<(Params, String), CliError> {
    let bytes = file::read(path)?;
    let params = weights::decode(&bytes, &model.plan.declared, path)?;
    Ok((params, format!("{:x}", Sha256::digest(&bytes))))
}

impl<'r> Job<'r> {
    /// Builds the model for the dataset, and checks that settings, model and dataset fit together.
    pub fn new(
        settings: &Settings,
        specs: Specs<'r>,
        seed: u64,
        data: &TrainingData,
        cx: &'r Context,
    ) -> Result<Self, CliError> {
        let model = specs.source.build(&data.loaded.train.shape(), cx)?;
        expect_classes(&model, &data.loaded, &specs.source)?;
        let (train, test) = (&data.loaded.train, &data.loaded.test);
        let fits = specs.loss.expect_classes(train.classes.len());
        fits.map_err(in_option(&specs.origin.of("loss"), &settings.loss))?;
        let parts = Parts::new(settings, &specs.origin, train.clone(), test.clone())?;
        let first = settings.weights.as_ref();
        let first = first.map(|file| first_weights(file.path(), &model));
        let (weights, weights_sha256) = first.transpose()?.unzip();
        let steps_in_epoch = parts.train.len().div_ceil(settings.batch_size) as u64;
        let schedule = specs
            .schedule
            .plan(settings.epochs.saturating_mul(steps_in_epoch));
        Ok(Job {
            data_size: data.size(),
            config: Config::new(
                settings,
                &specs,
                &model,
                seed,
                data.config.clone(),
                weights_sha256,
            ),
            model,
            parts,
            weights,
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
        (self.config.batch_size.min(train.len()), evaluated)
    }

    /// Warns about settings that are valid but probably unintended.
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

    /// Trains, starting from the checkpoint in the run folder if there is one, and writes the files
    /// of the run. Divergence and signals are regular endings. Errors are files that can't be
    /// written and checkpoints that can't be read.
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
        let begun = watch.begin(&trainer);
        begun.map_err(|error| run.can_be_resumed(error))?;

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
            test_samples: self.parts.test.len(),
            failure: None,
        };
        let data = Data {
            train: &self.parts.train,
            test: &self.parts.test,
            val: self.parts.val.as_ref(),
        };
        let samples = |trainer: &Trainer<'_>| {
            let epochs = trainer.history.len() as u64 * self.parts.train.len() as u64;
            epochs + trainer.running.samples as u64
        };
        let before = (trainer.step, samples(&trainer));
        let ended = manner.pool.install(|| {
            fit(&mut trainer, &self.recipe(), &data, &mut |happened| {
                recorder.observe(happened)
            })
        });
        Ok(Trained {
            ending: recorder.end(ended.err(), &trainer, &self.config)?,
            steps: trainer.step - before.0,
            samples: samples(&trainer) - before.1,
            profile: trainer.profile.take(),
        })
    }

    /// Restores a trainer from the checkpoint in the run folder, if there is one.
    fn restore(&self, trainer: &mut Trainer<'_>, run: &Run) -> Result<(), CliError> {
        let checkpoint = run.file(CHECKPOINT);
        if !checkpoint.exists() {
            return Ok(());
        }
        let samples = self.parts.train.len();
        let history = run.history()?;
        checkpoint::restore(&checkpoint, trainer, &self.recipe(), samples, &history)
            .map_err(|error| CliError::from(error).help(RESTORED))?;
        let (epochs, begun) = (self.config.epochs, trainer.running.samples > 0);
        if trainer.history.len() as u64 + u64::from(begun) > epochs {
            let message = format!(
                "--epochs {epochs}: the run is already in epoch {}",
                trainer.epoch()
            );
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
