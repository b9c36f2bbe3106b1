//! `config.toml`: everything that a training's result depends on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapeline_data::{Normalisation, files};
use tapeline_models::Model;

use crate::{
    error::{CliError, in_toml},
    stored_path::StoredPath,
    training::{
        files::CONFIG,
        limits,
        origin::Origin,
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
    #[serde(deserialize_with = "limits::epochs")]
    pub epochs: u64,
    #[serde(deserialize_with = "limits::batch_size")]
    pub batch_size: usize,
    #[serde(deserialize_with = "limits::seed")]
    pub seed: u64,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::val"
    )]
    pub val: Option<usize>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::limit"
    )]
    pub limit: Option<usize>,
    /// The file that the first weights are from, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<StoredPath>,
    /// The same from the root on, so that it is found from any folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_path: Option<StoredPath>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::weights_sha256"
    )]
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
            weights: settings.weights.clone(),
            weights_path: settings.weights.as_ref().and_then(StoredPath::absolute),
            weights_sha256,
            data,
            normalisation: NormalisationConfig(Normalisation::default()),
        }
    }

    /// Reads that of a run folder, with the places of its keys.
    ///
    /// # Errors
    /// When there is none, or it says something that the command line would refuse.
    pub fn read(folder: &Path) -> Result<(Config, Origin), CliError> {
        let path = folder.join(CONFIG);
        let fail = |what: String| CliError::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}"))
                .help("a run is a folder that `tapeline train` has made")
        })?;
        let config: Config = toml::from_str(&text).map_err(|error| fail(in_toml(&text, &error)))?;
        let origin = Origin::file(path.display().to_string(), &text);
        if config.weights.is_some() != config.weights_sha256.is_some() {
            let place = origin.of(match config.weights {
                Some(_) => "weights",
                None => "weights_sha256",
            });
            let message = format!("{place}: `weights` and `weights_sha256` go together");
            return Err(CliError::usage(message));
        }
        Ok((config, origin))
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
            weights: self.weights.clone(),
        }
    }

    /// What its result depends on: everything but the places of files, whose contents are known by their sums.
    pub fn identity(&self) -> Result<String, CliError> {
        let mut config = self.clone();
        config.weights_path = None;
        config.data.path = None;
        config.text()
    }

    /// The file.
    pub fn text(&self) -> Result<String, CliError> {
        toml::to_string(self).map_err(CliError::internal)
    }
}

/// The SHA-256 of a file of weights.
pub fn weights_sha256(file: &StoredPath) -> Result<String, CliError> {
    let bytes = tapeline_models::file::read(file.path())?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}

/// The data, as it was read: before `val` and `limit` take their part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A name of `data list`, or a folder, as it was given.
    pub name: StoredPath,
    /// The folder from the root on, so that it is found from any folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StoredPath>,
    pub transpose: bool,
    #[serde(deserialize_with = "limits::sha256")]
    pub train_sha256: String,
    #[serde(deserialize_with = "limits::sha256")]
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct NormalisationConfig(pub Normalisation);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(deserialize_with = "limits::scale")]
    scale: f32,
    #[serde(deserialize_with = "limits::mean")]
    mean: f32,
    #[serde(deserialize_with = "limits::std")]
    std: f32,
}

impl TryFrom<Unchecked> for NormalisationConfig {
    type Error = String;

    fn try_from(Unchecked { scale, mean, std }: Unchecked) -> Result<Self, String> {
        let normalisation = Normalisation { scale, mean, std };
        normalisation.checked().map(NormalisationConfig)
    }
}

impl From<NormalisationConfig> for Unchecked {
    fn from(NormalisationConfig(Normalisation { scale, mean, std }): NormalisationConfig) -> Self {
        Unchecked { scale, mean, std }
    }
}
