//! The images held out for validation.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny},
};
use tapeline_data::Holdout;

use crate::settings::limits::IMAGES;

/// The seed of the choice of images. It is not that of the training run, so that all runs are
/// validated on the same images.
pub const SEED: u64 = 0;

/// A number of images, or a fraction of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Held {
    /// A number of images.
    Count(usize),
    /// A fraction, between 0 and 1.
    Fraction(f64),
}

impl From<usize> for Held {
    fn from(count: usize) -> Self {
        Held::Count(count)
    }
}

impl From<f64> for Held {
    fn from(fraction: f64) -> Self {
        Held::Fraction(fraction)
    }
}

impl From<Held> for Holdout {
    fn from(held: Held) -> Self {
        match held {
            Held::Count(count) => Holdout::Count(count),
            Held::Fraction(fraction) => Holdout::Fraction(fraction),
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::Count(count) => count.fmt(f),
            Held::Fraction(fraction) => fraction.fmt(f),
        }
    }
}

/// Deserializes the key `val`.
pub(crate) fn val<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Held>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Count(i64),
        Fraction(f64),
        Other(IgnoredAny),
    }
    let held = match Any::deserialize(from)? {
        Any::Count(count) => usize::try_from(count).ok().map(Held::Count),
        Any::Fraction(fraction) => Some(Held::Fraction(fraction)),
        Any::Other(_) => None,
    };
    let is_valid = |held: &Held| match held {
        Held::Count(count) => IMAGES.contains(count),
        Held::Fraction(fraction) => *fraction > 0.0 && *fraction < 1.0,
    };
    held.filter(is_valid).map(Some).ok_or_else(|| {
        let (low, high) = (IMAGES.start(), IMAGES.end());
        D::Error::custom(format!(
            "`val` must be an integer, {low} to {high}, or a fraction between 0 and 1"
        ))
    })
}
