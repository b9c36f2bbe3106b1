//! One of several equal parts of the training images, on which a run is tested.

use std::{fmt, ops::RangeInclusive};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use toml::Value;

/// The numbers of parts.
pub const FOLDS: RangeInclusive<usize> = 2..=100;

/// A part and the number of parts, as text `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The part, counted from 1.
    pub part: usize,
    /// The number of parts, 2 to 100.
    pub of: usize,
}

impl Fold {
    /// Reads a text such as `2/5`.
    fn read(text: &str) -> Option<Self> {
        let (part, of) = text.split_once('/')?;
        // The parser of integers also accepts a plus sign.
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain)
        };
        let (part, of) = (number(part)?, number(of)?);
        (FOLDS.contains(&of) && (1..=of).contains(&part)).then_some(Fold { part, of })
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl Serialize for Fold {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Deserializes the key `fold`.
pub(crate) fn fold<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Fold>, D::Error> {
    let fold = Value::deserialize(from)?.as_str().and_then(Fold::read);
    fold.map(Some).ok_or_else(|| {
        let (low, high) = (FOLDS.start(), FOLDS.end());
        D::Error::custom(format!(
            "`fold` must be a part and the number of parts, {low} to {high}, like 2/5"
        ))
    })
}
