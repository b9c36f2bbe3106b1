//! `config.toml`: everything that a training's result depends on.

use serde::Serialize;
use tapeline_data::Normalisation;

/// A training, resolved: the same config gives the same model, on any number of threads.
#[derive(Serialize)]
pub struct Config {
    /// The version of this program.
    pub version: &'static str,
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
    pub data: DataConfig,
    pub normalisation: NormalisationConfig,
}

/// The data, as it was read: before `val` and `limit` take their part.
#[derive(Serialize)]
pub struct DataConfig {
    pub name: String,
    pub transpose: bool,
    pub train_sha256: String,
    pub test_sha256: String,
}

/// How a pixel becomes a number: `(pixel · scale − mean) / std`.
#[derive(Serialize)]
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
