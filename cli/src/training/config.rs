//! `config.toml`: everything that a training's result depends on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tapeline_data::{Normalisation, files};
use tapeline_models::Model;

use crate::{
    error::{CliError, in_toml},
    training::{
        files::CONFIG,
        settings::{Settings, Specs},
    },
};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A training, resolved: the same config gives the same model, on any number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The version of this program.
    pub version: String,
    /// Specs in full form.
    pub spec: String,
    pub loss: String,
    pub optimizer: String,
    pub schedule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    pub epochs: u64,
    pub batch_size: usize,
    pub seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The file that the first weights are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    pub data: DataConfig,
    pub normalisation: NormalisationConfig,
}

impl Config {
    pub fn new(
        settings: &Settings,
        specs: &Specs<'_>,
        model: &Model,
        seed: u64,
        data: DataConfig,
        weights_sha256: Option<String>,
    ) -> Self {
        Config {
            version: VERSION.into(),
            spec: model.full().into(),
            loss: specs.loss.text.clone(),
            optimizer: specs.optimizer.full(),
            schedule: specs.schedule.full().into(),
            augment: specs.augment.as_ref().map(|augment| augment.full().into()),
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            seed,
            val: settings.val,
            limit: settings.limit,
            weights: settings
                .weights
                .as_ref()
                .map(|file| file.display().to_string()),
            weights_sha256,
            data,
            normalisation: Normalisation::default().into(),
        }
    }

    /// Reads that of a run folder.
    ///
    /// # Errors
    /// When there is none, or it is none of this program.
    pub fn read(folder: &Path) -> Result<Config, CliError> {
        let path = folder.join(CONFIG);
        let fail = |what: String| CliError::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}"))
                .help("a run is a folder that `tapeline train` has made")
        })?;
        toml::from_str(&text).map_err(|error| fail(in_toml(&text, &error)))
    }

    /// The settings that give it.
    pub fn settings(&self) -> Settings {
        Settings {
            model: self.spec.clone(),
            optimizer: self.optimizer.clone(),
            lr: None,
            max_grad_norm: None,
            loss: self.loss.clone(),
            schedule: self.schedule.clone(),
            augment: self.augment.clone(),
            epochs: self.epochs,
            batch_size: self.batch_size,
            val: self.val,
            limit: self.limit,
            weights: self.weights.as_ref().map(PathBuf::from),
        }
    }

    /// The file.
    pub fn text(&self) -> Result<String, CliError> {
        toml::to_string(self).map_err(CliError::internal)
    }
}

/// The data, as it was read: before `val` and `limit` take their part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    pub name: String,
    pub transpose: bool,
    pub train_sha256: String,
    pub test_sha256: String,
}

impl DataConfig {
    /// For people.
    pub fn text(&self) -> String {
        let transposed = if self.transpose { ", transposed" } else { "" };
        format!("`{}`{transposed}", self.name)
    }
}

/// How a pixel becomes a number: `(pixel · scale − mean) / std`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalisationConfig {
    scale: f32,
    mean: f32,
    std: f32,
}

impl From<Normalisation> for NormalisationConfig {
    fn from(Normalisation { scale, mean, std }: Normalisation) -> Self {
        NormalisationConfig { scale, mean, std }
    }
}
