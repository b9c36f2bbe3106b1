//! `tapeline train`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_data::{Augmentation, Dataset, Loaded, Normalisation};
use tapeline_layers::{NamedLoss, loss};
use tapeline_models::{Data, Labels, Model, Recipe, Trainer, fit, load_weights};
use tapeline_optim::{Optimizer, Schedule};
use tapeline_tensor::{Pool, Profile};

use crate::{
    config::{Config, DataConfig},
    context::Context,
    data_arg::{DataArgs, agree},
    ending,
    error::{CliError, in_option},
    events::Event,
    model_arg::{ModelArg, Source},
    numbers::{learning_rate, whole},
    output, profile,
    progress::Progress,
    recorder::{Events, Recorder},
    run::Run,
    signals::Signals,
};

/// Seeds and counts stand in `config.toml`, whose integers end here.
const MAX_SEED: u64 = i64::MAX as u64;
const MAX_EPOCHS: u64 = 1_000_000;
const MAX_BATCH: usize = 65_536;
const MAX_IMAGES: usize = 1_000_000_000;

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline train \"flatten linear(128) relu linear(10)\" --epochs 5 --optimizer \"adam(lr=0.001)\""
)]
pub struct Train {
    /// A spec, or `@` and the path of a spec, a run or a model file
    #[arg(default_value = "mlp")]
    model: OsString,
    #[command(flatten)]
    data: DataArgs,
    /// Number of passes over the training data
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(1..=MAX_EPOCHS), allow_negative_numbers = true)]
    epochs: u64,
    /// Images in a step; the last step of an epoch takes what is left
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1..=MAX_BATCH), allow_negative_numbers = true)]
    batch_size: usize,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0..=MAX_SEED), allow_negative_numbers = true)]
    seed: u64,
    /// Number of threads; the result doesn't depend on it [default: one for each core]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// The optimizer
    #[arg(
        long,
        value_name = "SPEC",
        default_value = "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)"
    )]
    optimizer: String,
    /// Learning rate, instead of the optimizer's own
    #[arg(long, value_name = "X", value_parser = learning_rate, allow_hyphen_values = true)]
    lr: Option<f64>,
    /// The loss
    #[arg(long, value_name = "SPEC", default_value = "cross_entropy")]
    loss: String,
    /// The learning rate over the steps
    #[arg(long, value_name = "SPEC", default_value = "constant")]
    schedule: String,
    /// Change training images at random, anew in each epoch, like "shift(2) rotate(10)"
    #[arg(long, value_name = "SPEC")]
    augment: Option<String>,
    /// Hold the last N training images out; best.safetensors is the epoch that is most accurate on them
    #[arg(long, value_name = "N", value_parser = whole(1..=MAX_IMAGES), allow_negative_numbers = true)]
    val: Option<usize>,
    /// Train on the first N images only
    #[arg(long, value_name = "N", value_parser = whole(1..=MAX_IMAGES), allow_negative_numbers = true)]
    limit: Option<usize>,
    /// Folder for the run, a new one [default: runs/1, or the next free number]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Start from these weights, in a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Measure each layer, and print where the time of the steps went
    #[arg(long)]
    profile: bool,
    /// Print JSON, a line for each event
    #[arg(long)]
    json: bool,
}

/// The texts of the command line, understood.
struct Specs<'r> {
    source: Source,
    loss: NamedLoss,
    optimizer: Optimizer<'r>,
    schedule: Schedule,
    augment: Option<Augmentation>,
}

/// The data, in the parts that a training needs.
struct Parts {
    train: Dataset,
    test: Dataset,
    val: Option<Dataset>,
}

impl Train {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let specs = self.specs(cx)?;
        let loaded = self.data.load(cx)?;
        let model = specs.source.build(&loaded.train.shape(), cx)?;
        let (train, test) = agree(&model, &loaded, &specs.source)?;
        let fits = specs.loss.expect_classes(train.classes.len());
        fits.map_err(in_option("--loss", &self.loss))?;
        let parts = self.split(train, test)?;
        cx.terminal.warn_spec(
            specs.source.origin.as_deref(),
            &model.warnings(&specs.loss.def),
        );
        let params = match &self.weights {
            Some(file) => load_weights(file, &model)?,
            None => model.init(self.seed),
        };

        let config = self.config(&specs, &model, &loaded);
        let details = toml::to_string(&config).map_err(CliError::internal)?;
        cx.terminal.detail(details.trim_end());
        let run = Run::claim(self.out.as_deref(), &config, self.val.is_some())?;
        let threads = self.threads.unwrap_or_else(Pool::cores);
        let pool = Pool::new(threads).map_err(CliError::internal)?;

        let mut events = Events::new(&cx.terminal, self.json);
        events.tell(&Event::Start {
            schema: 1,
            spec: model.full(),
            parameters: model.plan.parameters(),
            train_samples: parts.train.len(),
            test_samples: parts.test.len(),
            val_samples: self.val,
            seed: self.seed,
            threads,
        });

        let steps_in_epoch = parts.train.len().div_ceil(self.batch_size) as u64;
        let schedule = specs.schedule.plan(self.epochs * steps_in_epoch);
        let normalisation = Normalisation::default();
        let recipe = Recipe {
            epochs: self.epochs,
            batch_size: self.batch_size,
            seed: self.seed,
            normalisation,
            augment: specs.augment.as_ref(),
            schedule: &schedule,
        };
        for warning in recipe.warnings(&model, parts.train.len()) {
            cx.terminal.warn(&warning);
        }
        let labels = Labels {
            classes: parts.train.classes.to_vec(),
            normalisation,
        };
        let mut recorder = Recorder {
            run,
            model: &model,
            labels: &labels,
            progress: Progress::new(&cx.terminal, self.epochs, parts.train.len()),
            signals: Signals::catch().map_err(CliError::internal)?,
            events,
            history: Vec::new(),
            steps_in_epoch,
            failure: None,
        };
        let stepper = specs.optimizer.init(&params);
        let mut trainer = Trainer::new(&model, &*specs.loss.loss, params, stepper, self.seed);
        trainer.profile = self.profile.then(Profile::default);
        let data = Data {
            train: &parts.train,
            test: &parts.test,
            val: parts.val.as_ref(),
        };
        let ended = pool.install(|| {
            fit(&mut trainer, &recipe, &data, &mut |happened| {
                recorder.observe(happened)
            })
        });
        recorder.progress.finish();
        let parts = trainer.profile.take().map(|profile| {
            let samples = trainer.step * self.batch_size as u64;
            profile::parts(&profile, &model.plan, samples, trainer.step)
        });
        if let Some(parts) = &parts {
            recorder.events.tell(&Event::Profile { parts });
        }
        match ending::end(ended.err(), &mut recorder, &trainer, &cx.terminal)? {
            _ if self.json => Ok(()),
            last => {
                let profile = parts.map_or_else(String::new, |parts| profile::table(&parts));
                output::text(&(ending::table(&last, &recorder.run) + &profile))
            }
        }
    }

    /// Reads all texts, before any data.
    fn specs<'r>(&self, cx: &'r Context) -> Result<Specs<'r>, CliError> {
        let source = ModelArg::read(&self.model)?.source(cx)?;
        source.check(cx)?;
        let loss = loss::read(&self.loss, &cx.losses).map_err(in_option("--loss", &self.loss))?;
        let optimizer = Optimizer::read(&self.optimizer, &cx.optimizers);
        let mut optimizer = optimizer.map_err(in_option("--optimizer", &self.optimizer))?;
        if let Some(lr) = self.lr {
            optimizer = optimizer
                .with_lr(lr)
                .map_err(|error| CliError::usage(format!("--lr {lr}: {error}")))?;
        }
        let schedule = Schedule::read(&self.schedule, &cx.schedules);
        let schedule = schedule.map_err(in_option("--schedule", &self.schedule))?;
        if schedule.goes_by_loss() && self.val.is_none() {
            let message = format!(
                "--schedule: `{}` goes by the validation loss, and no images are held out for that",
                schedule.short()
            );
            return Err(CliError::usage(message).help("hold some out: `--val 5000`"));
        }
        let augment = self.augment.as_ref().map(|text| {
            Augmentation::read(text, &cx.augmentations).map_err(in_option("--augment", text))
        });
        Ok(Specs {
            source,
            loss,
            optimizer,
            schedule,
            augment: augment.transpose()?,
        })
    }

    fn split(&self, train: Dataset, test: Dataset) -> Result<Parts, CliError> {
        let (mut train, val) = match self.val {
            Some(count) => {
                let parts = train.split_last(count);
                let (train, val) =
                    parts.map_err(|error| CliError::usage(format!("--val {count}: {error}")))?;
                (train, Some(val))
            }
            None => (train, None),
        };
        if let Some(count) = self.limit {
            train = train.limit(count);
        }
        Ok(Parts { train, test, val })
    }

    fn config(&self, specs: &Specs<'_>, model: &Model, loaded: &Loaded) -> Config {
        Config {
            version: env!("CARGO_PKG_VERSION"),
            spec: model.full().into(),
            loss: specs.loss.text.clone(),
            optimizer: specs.optimizer.full(),
            schedule: specs.schedule.full().into(),
            augment: specs.augment.as_ref().map(|augment| augment.full().into()),
            epochs: self.epochs,
            batch_size: self.batch_size,
            seed: self.seed,
            val: self.val,
            limit: self.limit,
            weights: self.weights.as_ref().map(|file| file.display().to_string()),
            data: DataConfig {
                name: loaded.name.clone(),
                transpose: self.data.transpose,
                train_sha256: loaded.train.sha256(),
                test_sha256: loaded.test.sha256(),
            },
            normalisation: Normalisation::default().into(),
        }
    }
}
