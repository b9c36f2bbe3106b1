//! How pixels are normalized.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use tapeline_data::{DataError, Dataset, Normalisation};

/// How pixels are normalized before they are passed to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalize {
    /// Scales pixels to the range from 0 to 1.
    #[default]
    Scale,
    /// Gives each channel of the training data mean 0 and standard deviation 1.
    Standardize,
}

/// The words for the variants.
pub const WORDS: &[&str] = &["scale", "standardize"];

impl Normalize {
    /// Returns the normalization for these training data.
    ///
    /// # Errors
    /// When they have too many channels to be standardized.
    pub fn of(self, train: &Dataset) -> Result<Normalisation, DataError> {
        match self {
            Normalize::Scale => Ok(Normalisation::default()),
            Normalize::Standardize => Normalisation::standard(train),
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Normalize::default()
    }
}

/// Deserializes the key `normalize`.
pub(crate) fn normalize<'de, D: Deserializer<'de>>(from: D) -> Result<Normalize, D::Error> {
    match toml::Value::deserialize(from)?.as_str() {
        Some("scale") => Ok(Normalize::Scale),
        Some("standardize") => Ok(Normalize::Standardize),
        _ => Err(D::Error::custom(
            "`normalize` must be `scale` or `standardize`",
        )),
    }
}
