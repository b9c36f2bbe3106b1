//! `config.toml`: everything that the result of a run depends on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::IgnoredAny};
use sha2::{Digest, Sha256};
use tapeline_data::{Normalisation, PerChannel, files};
use toml::{
    Spanned,
    de::{DeTable, Deserializer},
};

use crate::{
    error::{Error, in_toml},
    run::files::CONFIG,
    settings::{SETTINGS, Settings, limits, origin::Origin},
    shell,
    stored_path::StoredPath,
};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The resolved configuration of a run: the same configuration gives the same model, on any number
/// of threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// The version of this program.
    pub version: String,
    /// The settings, with all specs in full form.
    #[serde(flatten)]
    pub settings: Settings,
    /// What identifies the data.
    #[serde(flatten)]
    pub record: Record,
}

/// What a configuration records about the files that the result depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The absolute path of the initial weights, so that they are found from any working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_path: Option<StoredPath>,
    /// The SHA-256 of the initial weights.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::weights_sha256"
    )]
    pub weights_sha256: Option<String>,
    /// The dataset.
    pub data: DataConfig,
    /// The mapping from pixels to inputs.
    pub normalisation: NormalisationConfig,
}

/// The keys of `config.toml` that are not options.
const OTHERS: [&str; 2] = ["spec", "seed"];

impl Config {
    /// Reads the configuration of a run folder, and the lines of its keys.
    ///
    /// # Errors
    /// When it can't be read, or contains a value that the command line would reject.
    pub fn read(folder: &Path) -> Result<(Config, Origin), Error> {
        let path = folder.join(CONFIG);
        let fail = |what: String| Error::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}")).help(format!(
                "a run is a folder created by `{} train`",
                shell::program()
            ))
        })?;
        let config = Config::parse(&text).map_err(|error| fail(in_toml(&text, &error)))?;
        let origin = Origin::file(path.display().to_string(), &text);
        let (weights, sum) = (&config.settings.weights, &config.record.weights_sha256);
        if weights.is_some() != sum.is_some() {
            let place = origin.of(match weights {
                Some(_) => "weights",
                None => "weights_sha256",
            });
            let message = format!("{place}: `weights` and `weights_sha256` must be given together");
            return Err(Error::usage(message));
        }
        Ok((config, origin))
    }

    /// Parses `config.toml`: the keys that are settings, the version, and the record.
    fn parse(text: &str) -> Result<Config, toml::de::Error> {
        #[derive(Deserialize)]
        struct Version {
            version: String,
            #[serde(rename = "seed")]
            _seed: IgnoredAny,
        }
        let Version { version, .. } = toml::from_str(text)?;
        let mut record = DeTable::parse(text)?;
        let span = record.span();
        let mut settings = DeTable::new();
        for (key, value) in std::mem::take(record.get_mut()) {
            let name = key.get_ref().as_ref();
            let is_setting = SETTINGS.iter().any(|setting| setting.name == name);
            match name {
                "version" => {}
                _ if is_setting || OTHERS.contains(&name) => _ = settings.insert(key, value),
                _ => _ = record.get_mut().insert(key, value),
            }
        }
        // The record refuses unknown keys, before a misspelled setting is found missing.
        let record = Record::deserialize(Deserializer::from(record))?;
        let settings = Deserializer::from(Spanned::new(span, settings));
        Ok(Config {
            version,
            settings: Settings::deserialize(settings)?,
            record,
        })
    }

    /// Returns what the result depends on as text: everything except file paths, because the
    /// contents of the files are identified by checksums.
    pub fn identity(&self) -> Result<String, Error> {
        let mut config = self.clone();
        config.record.weights_path = None;
        config.record.data.path = None;
        config.text()
    }

    /// Returns whether each epoch is validated, on images held out or on a part of the dataset.
    pub fn has_validation(&self) -> bool {
        self.settings.val.is_some() || self.record.data.val_sha256.is_some()
    }

    /// Serializes the configuration as TOML.
    pub fn text(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(Error::internal)
    }
}

/// A run folder and its configuration.
pub struct KnownRun {
    /// The folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub config: Config,
}

impl KnownRun {
    /// Reads the configuration of a run folder.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        Ok(KnownRun {
            folder: folder.into(),
            config: Config::read(folder)?.0,
        })
    }
}

/// Returns the SHA-256 of a file of weights.
pub fn weights_sha256(file: &StoredPath) -> Result<String, Error> {
    let bytes = tapeline_models::file::read(file.path())?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}

/// The dataset as it was loaded, before `val` and `limit` select a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A name, call or path, as it was given.
    pub name: StoredPath,
    /// The absolute path of the file or folder, so that it is found from any working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StoredPath>,
    /// Whether rows and columns are swapped.
    pub transpose: bool,
    /// SHA-256 of the training images and labels.
    #[serde(deserialize_with = "limits::sha256")]
    pub train_sha256: String,
    /// SHA-256 of the test images and labels.
    #[serde(deserialize_with = "limits::sha256")]
    pub test_sha256: String,
    /// SHA-256 of the validation images and labels, if the dataset has such a part.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::val_sha256"
    )]
    pub val_sha256: Option<String>,
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
    mean: Numbers,
    #[serde(deserialize_with = "limits::std")]
    std: Numbers,
}

/// One number for all channels, or a list with one for each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Numbers {
    One(f32),
    Each(Vec<f32>),
}

impl Numbers {
    pub fn all(&self) -> &[f32] {
        match self {
            Numbers::One(number) => std::slice::from_ref(number),
            Numbers::Each(numbers) => numbers,
        }
    }
}

impl From<PerChannel> for Numbers {
    fn from(numbers: PerChannel) -> Self {
        match numbers.numbers() {
            [only] => Numbers::One(*only),
            each => Numbers::Each(each.into()),
        }
    }
}

impl TryFrom<Unchecked> for NormalisationConfig {
    type Error = String;

    fn try_from(Unchecked { scale, mean, std }: Unchecked) -> Result<Self, String> {
        let each = |name: &str, numbers: &Numbers| {
            let numbers = PerChannel::each(numbers.all());
            numbers.ok_or_else(|| format!("`{name}` must be one number, or one for each channel"))
        };
        let (mean, std) = (each("mean", &mean)?, each("std", &std)?);
        let normalisation = Normalisation { scale, mean, std };
        normalisation.checked().map(NormalisationConfig)
    }
}

impl From<NormalisationConfig> for Unchecked {
    fn from(NormalisationConfig(normalisation): NormalisationConfig) -> Self {
        Unchecked {
            scale: normalisation.scale,
            mean: normalisation.mean.into(),
            std: normalisation.std.into(),
        }
    }
}
