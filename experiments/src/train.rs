//! The shortest way from one line of text to a trained model.

use std::{ffi::OsString, fmt, path::PathBuf};

use tapeline_data::{AugmentDef, DatasetDef};
use tapeline_layers::{LayerDef, LossDef};
use tapeline_models::{Epoch, TrainedModel};
use tapeline_optim::{OptimizerDef, ScheduleDef};
use tapeline_spec::{Presets, Registry};
use tapeline_tensor::Pool;

use crate::{
    context::{Context, Messages, Registries},
    error::Error,
    interrupt::Interrupt,
    memory::{self, bytes::Bytes},
    run::{
        dataset::DataChoice,
        ending::Ending,
        every,
        folder::Run,
        job::{Job, RunOptions},
        recorder::Watch,
    },
    settings::{
        Settings, fold::Fold, held::Held, normalize::Normalize, origin::Origin, specs::Specs,
    },
};

/// Describes a training run of a model. Settings that are not given have the defaults of
/// `tapeline train`; [`Train::run`] checks and runs everything.
///
/// ```
/// let run = tapeline_experiments::train("flatten linear(16) relu linear(10)")
///     .data("mnist")
///     .limit(2000)
///     .epochs(1)
///     .optimizer("adam(lr=0.01)")
///     .run()?;
/// assert!(run.test_accuracy > 0.5);
///
/// let error = tapeline_experiments::train("flatten linaer(10)").run().unwrap_err();
/// assert!(error.to_string().contains("did you mean `linear`?"));
/// # Ok::<(), tapeline_experiments::Error>(())
/// ```
pub fn train(model: impl Into<String>) -> Train {
    Train {
        settings: Settings {
            model: model.into(),
            ..Settings::default()
        },
        data: DataChoice::default(),
        threads: None,
        out: None,
        max_memory: None,
        context: Context::default(),
    }
}

/// A training run that is being described; see [`train`].
pub struct Train {
    settings: Settings,
    data: DataChoice,
    threads: Option<usize>,
    out: Option<PathBuf>,
    max_memory: Option<Bytes>,
    context: Context,
}

/// A finished training run.
pub struct TrainedRun {
    /// The trained model, with its classes and the normalization of its inputs.
    pub model: TrainedModel,
    /// Mean loss over the steps of the last epoch.
    pub train_loss: f64,
    /// Accuracy over the steps of the last epoch, from 0 to 1.
    pub train_accuracy: f64,
    /// Mean loss over the test data.
    pub test_loss: f64,
    /// Accuracy on the test data, from 0 to 1.
    pub test_accuracy: f64,
    /// The metrics of all epochs.
    pub history: Vec<Epoch>,
    /// The run folder, if there is one.
    pub folder: Option<PathBuf>,
}

impl fmt::Debug for TrainedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainedRun")
            .field("test_loss", &self.test_loss)
            .field("test_accuracy", &self.test_accuracy)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Train {
    /// Sets the dataset: a name, a call such as `images("photos", size=32)`, or a path. The default
    /// is `mnist`.
    pub fn data(mut self, data: impl Into<OsString>) -> Self {
        self.data.data = Some(data.into());
        self
    }

    /// Swaps rows and columns of all images, as EMNIST needs.
    pub fn transpose(mut self, transpose: bool) -> Self {
        self.data.transpose = Some(transpose);
        self
    }

    /// Sets all settings except the model, for example to those of an earlier run.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Settings {
            model: self.settings.model,
            ..settings
        };
        self
    }

    /// Sets the number of passes over the training data.
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets the batch size.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.settings.batch_size = batch_size;
        self
    }

    /// Sets the optimizer, like `adam(lr=0.001)`.
    pub fn optimizer(mut self, spec: impl Into<String>) -> Self {
        self.settings.optimizer = spec.into();
        self
    }

    /// Sets the learning rate, which replaces the optimizer's own.
    pub fn lr(mut self, lr: f64) -> Self {
        self.settings.lr = Some(lr);
        self
    }

    /// Sets the maximum of the global gradient norm; larger gradients are clipped.
    pub fn max_grad_norm(mut self, max: f64) -> Self {
        self.settings.max_grad_norm = Some(max);
        self
    }

    /// Sets the loss, like `cross_entropy`.
    pub fn loss(mut self, spec: impl Into<String>) -> Self {
        self.settings.loss = spec.into();
        self
    }

    /// Sets the learning-rate schedule, like `warmup(500) cosine`.
    pub fn schedule(mut self, spec: impl Into<String>) -> Self {
        self.settings.schedule = spec.into();
        self
    }

    /// Sets the augmentation of the training images, like `shift(2) rotate(10)`.
    pub fn augment(mut self, spec: impl Into<String>) -> Self {
        self.settings.augment = Some(spec.into());
        self
    }

    /// Sets how pixels are normalized. The default is to scale them to the range from 0 to 1.
    pub fn normalize(mut self, normalize: Normalize) -> Self {
        self.settings.normalize = normalize;
        self
    }

    /// Tests on one of `parts` equal parts of the training images, counted from 1, and trains on the
    /// others. The classes have the same proportions in each. The test images of the dataset are not
    /// used.
    pub fn fold(mut self, part: usize, parts: usize) -> Self {
        self.settings.fold = Some(Fold { part, of: parts });
        self
    }

    /// Holds out training images for validation, with the classes in the same proportions: a number
    /// of images, or a fraction such as `0.1`.
    pub fn val(mut self, images: impl Into<Held>) -> Self {
        self.settings.val = Some(images.into());
        self
    }

    /// Ends the run when the validation loss has not improved for this number of epochs.
    pub fn patience(mut self, epochs: u64) -> Self {
        self.settings.patience = Some(epochs);
        self
    }

    /// Trains on the first `images` images only.
    pub fn limit(mut self, images: usize) -> Self {
        self.settings.limit = Some(images);
        self
    }

    /// Starts from the weights in a safetensors file with PyTorch's names.
    pub fn weights(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.weights = Some((&file.into()).into());
        self
    }

    /// Sets whether only those [weights](Train::weights) are taken whose name and shape fit the
    /// model. [`Messages`] receive a note with the others.
    pub fn partial(mut self, partial: bool) -> Self {
        self.settings.partial = partial;
        self
    }

    /// Freezes parameters, given by patterns for their names or places: `0-6, *.bias`. They get no
    /// gradient and are not updated; in the trained model, they have the role of buffers.
    pub fn freeze(mut self, patterns: impl Into<String>) -> Self {
        self.settings.freeze = Some(patterns.into());
        self
    }

    /// Sets factors on the learning rates of parameters, given by patterns for their names or
    /// places: `0-6: 0.1, *.bias: 2`. Where several match, the last one counts.
    pub fn lr_scale(mut self, factors: impl Into<String>) -> Self {
        self.settings.lr_scale = Some(factors.into());
        self
    }

    /// Sets the random seed. The same seed gives the same model.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Sets the number of threads, which does not affect the result. The default is one per core.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Records the run in a new folder, from which it can be resumed. Without it, nothing is
    /// written.
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Refuses the run if it needs more memory than `bytes`. The default limit is what the machine
    /// has available.
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.max_memory = Some(Bytes(bytes));
        self
    }

    /// Replaces the registries of all names.
    pub fn registries(mut self, registries: Registries) -> Self {
        self.context.registries = registries;
        self
    }

    /// Replaces the registry of layers, for example by `layers().with(MINE)?`.
    pub fn layers(mut self, layers: Registry<LayerDef>) -> Self {
        self.context.registries.layers = layers;
        self
    }

    /// Replaces the predefined models.
    pub fn presets(mut self, presets: Presets) -> Self {
        self.context.registries.presets = presets;
        self
    }

    /// Replaces the registry of losses.
    pub fn losses(mut self, losses: Registry<LossDef>) -> Self {
        self.context.registries.losses = losses;
        self
    }

    /// Replaces the registry of optimizers and gradient transforms.
    pub fn optimizers(mut self, optimizers: Registry<OptimizerDef>) -> Self {
        self.context.registries.optimizers = optimizers;
        self
    }

    /// Replaces the registry of schedules.
    pub fn schedules(mut self, schedules: Registry<ScheduleDef>) -> Self {
        self.context.registries.schedules = schedules;
        self
    }

    /// Replaces the registry of augmentations.
    pub fn augmentations(mut self, augmentations: Registry<AugmentDef>) -> Self {
        self.context.registries.augmentations = augmentations;
        self
    }

    /// Replaces the registry of datasets.
    pub fn datasets(mut self, datasets: Registry<DatasetDef>) -> Self {
        self.context.registries.datasets = datasets;
        self
    }

    /// Sets the receiver of notes and warnings, which are ignored by default.
    pub fn messages(mut self, messages: impl Messages + Send + 'static) -> Self {
        self.context.messages = Box::new(messages);
        self
    }

    /// Trains the model.
    ///
    /// # Errors
    /// When a setting is invalid, the settings and the data don't fit together, a file can't be
    /// read or written, or a value is not finite. The text of the error shows where.
    pub fn run(self) -> Result<TrainedRun, Error> {
        self.run_with(&mut ())
    }

    /// Trains the model, and reports the progress to an observer.
    ///
    /// # Errors
    /// Same as [`run`](Train::run), or when the observer fails.
    pub fn run_with(self, watch: &mut dyn Watch) -> Result<TrainedRun, Error> {
        let (origin, cx) = (Origin::Rust, &self.context);
        // Errors in the settings are reported before the data are read.
        Specs::read(&self.settings, origin.clone(), cx)?;
        let chosen = self.data.choose([])?.within(self.max_memory);
        let data = chosen.for_training(cx)?;
        let job = Job::new(&self.settings, origin, &data, cx)?;
        memory::check([&job], 1, self.max_memory)?;
        job.warn(cx);
        let pool = Pool::new(self.threads.unwrap_or_else(Pool::cores)).map_err(Error::usage)?;
        let (params, history) = match &self.out {
            None => job.train(&pool, watch)?,
            Some(folder) => {
                let options = RunOptions {
                    pool: &pool,
                    interrupt: &Interrupt::new(),
                    checkpoint_every: every::DEFAULT,
                    profiled: false,
                };
                let trained = job.run(&mut Run::claim(Some(folder))?, options, watch)?;
                if let Ending::Diverged(found) = trained.ending {
                    return Err(found.error());
                }
                (trained.params, trained.history)
            }
        };
        let last = history.last().cloned();
        let last = last.ok_or_else(|| Error::internal("training ended without an epoch"))?;
        Ok(TrainedRun {
            train_loss: last.train_loss,
            train_accuracy: last.train_accuracy,
            test_loss: last.test_loss,
            test_accuracy: last.test_accuracy,
            history,
            folder: self.out,
            model: TrainedModel {
                labels: job.labels(),
                model: job.model,
                params,
            },
        })
    }
}
