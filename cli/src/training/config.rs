//! `config.toml`: everything that the result of a run depends on.

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

/// The resolved configuration of a run: the same configuration gives the same model, on any number
/// of threads.
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
    /// The file with the initial weights, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<StoredPath>,
    /// The absolute path of that file, so that it is found from any working directory.
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
        specs: &Specs,
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

    /// Reads the configuration of a run folder, and the lines of its keys.
    ///
    /// # Errors
    /// When it can't be read, or contains a value that the command line would reject.
    pub fn read(folder: &Path) -> Result<(Config, Origin), CliError> {
        let path = folder.join(CONFIG);
        let fail = |what: String| CliError::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}"))
                .help("a run is a folder created by `tapeline train`")
        })?;
        let config: Config = toml::from_str(&text).map_err(|error| fail(in_toml(&text, &error)))?;
        let origin = Origin::file(path.display().to_string(), &text);
        if config.weights.is_some() != config.weights_sha256.is_some() {
            let place = origin.of(match config.weights {
                Some(_) => "weights",
                None => "weights_sha256",
            });
            let message = format!("{place}: `weights` and `weights_sha256` must be given together");
            return Err(CliError::usage(message));
        }
        Ok((config, origin))
    }

    /// Returns the settings that produce this configuration.
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

    /// Returns what the result depends on as text: everything except file paths, because the
    /// contents of the files are identified by checksums.
    pub fn identity(&self) -> Result<String, CliError> {
        let mut config = self.clone();
        config.weights_path = None;
        config.data.path = None;
        config.text()
    }

    /// Serializes the configuration as TOML.
    pub fn text(&self) -> Result<String, CliError> {
        toml::to_string(self).map_err(CliError::internal)
    }
}

/// Returns the SHA-256 of a file of weights.
pub fn weights_sha256(file: &StoredPath) -> Result<String, CliError> {
    let bytes = tapeline_models::file::read(file.path())?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}

/// The dataset as it was loaded, before `val` and `limit` select a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A name of `data list` or a folder, as it was given.
    pub name: StoredPath,
    /// The absolute path of the folder, so that it is found from any working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StoredPath>,
    pub transpose: bool,
    #[serde(deserialize_with = "limits::sha256")]
    pub train_sha256: String,
    #[serde(deserialize_with = "limits::sha256")]
    pub test_sha256: String,
}

impl DataConfig {
    /// Describes the dataset for people.
    pub fn text(&self) -> String {
        let transposed = if self.transpose { ", transposed" } else { "" };
        format!("`{}`{transposed}", self.name)
    }
}

/// The mapping from a pixel to an input value: `(pixel · scale − mean) / std`.
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
