//! The options that `train` and `compare` share.

use std::path::PathBuf;

use clap::Args;

use crate::{
    bytes::{Bytes, size},
    data_arg::DataArgs,
    error::CliError,
    numbers::{above_zero, whole},
    stored_path::StoredPath,
    training::{
        choices::{Choices, choices},
        limits,
        settings::Settings,
    },
};

/// The default optimizer.
pub const OPTIMIZER: &str = "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)";

const EPOCHS: u64 = 10;

/// The settings of a run except the model and the seed, and its memory limit. Numbers and specs may
/// have alternatives.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    pub data: DataArgs,
    /// Number of passes over the training data [default: 10]
    #[arg(long, value_name = "N", value_parser = choices(whole(limits::EPOCHS)), allow_hyphen_values = true)]
    epochs: Option<Choices<u64>>,
    /// Batch size; the last batch of an epoch may be smaller
    #[arg(long, value_name = "N", default_value = "100", value_parser = choices(whole(limits::BATCH_SIZE)), allow_hyphen_values = true)]
    pub batch_size: Choices<usize>,
    /// Optimizer
    #[arg(
        long,
        value_name = "SPEC",
        default_value = OPTIMIZER
    )]
    pub optimizer: String,
    /// Learning rate; overrides the optimizer's own
    #[arg(long, value_name = "X", value_parser = choices(above_zero), allow_hyphen_values = true)]
    pub lr: Option<Choices<f64>>,
    /// Clip the global gradient norm to this maximum
    #[arg(long, value_name = "X", value_parser = choices(above_zero), allow_hyphen_values = true)]
    pub max_grad_norm: Option<Choices<f64>>,
    /// Loss function
    #[arg(long, value_name = "SPEC", default_value = "cross_entropy")]
    pub loss: String,
    /// Learning-rate schedule
    #[arg(long, value_name = "SPEC", default_value = "constant")]
    pub schedule: String,
    /// Augment the training images, like "shift(2) rotate(10)"
    #[arg(long, value_name = "SPEC")]
    pub augment: Option<String>,
    /// Hold out the last N images; best.safetensors is the best epoch on them
    #[arg(long, value_name = "N", value_parser = choices(whole(limits::IMAGES)), allow_hyphen_values = true)]
    pub val: Option<Choices<usize>>,
    /// Train on the first N images only
    #[arg(long, value_name = "N", value_parser = choices(whole(limits::IMAGES)), allow_hyphen_values = true)]
    pub limit: Option<Choices<usize>>,
    /// Initial weights: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Refuse runs that need more than 2GB, 500MiB… [default: free memory]
    #[arg(long, value_name = "SIZE", value_parser = size, allow_hyphen_values = true)]
    pub max_memory: Option<Bytes>,
}

impl Options {
    /// Returns the number of passes over the training data.
    pub fn epochs(&self) -> Choices<u64> {
        self.epochs.clone().unwrap_or(Choices(vec![EPOCHS]))
    }

    /// Returns the value of `--epochs`, if it was given.
    ///
    /// # Errors
    /// When it has alternatives.
    pub fn given_epochs(&self) -> Result<Option<u64>, CliError> {
        optional(&self.epochs, "--epochs")
    }

    /// Returns the settings of one run with the spec `model`.
    ///
    /// # Errors
    /// When an option has alternatives.
    pub fn settings(&self, model: String) -> Result<Settings, CliError> {
        Ok(Settings {
            model,
            optimizer: self.optimizer.clone(),
            lr: optional(&self.lr, "--lr")?,
            max_grad_norm: optional(&self.max_grad_norm, "--max-grad-norm")?,
            loss: self.loss.clone(),
            schedule: self.schedule.clone(),
            augment: self.augment.clone(),
            epochs: only(&self.epochs(), "--epochs")?,
            batch_size: only(&self.batch_size, "--batch-size")?,
            val: optional(&self.val, "--val")?,
            limit: optional(&self.limit, "--limit")?,
            weights: self.weights.as_ref().map(StoredPath::from),
        })
    }
}

fn optional<T: Copy + std::fmt::Display>(
    numbers: &Option<Choices<T>>,
    option: &str,
) -> Result<Option<T>, CliError> {
    numbers.as_ref().map(|n| only(n, option)).transpose()
}

fn only<T: Copy + std::fmt::Display>(numbers: &Choices<T>, option: &str) -> Result<T, CliError> {
    numbers.only().ok_or_else(|| {
        CliError::usage(format!(
            "{option} {numbers}: expected one value, not alternatives"
        ))
        .help("use `compare`")
    })
}
