//! Valid ranges of the numbers in a run's settings. The same functions check options of the command
//! line and keys of files (`config.toml`, `study.json`, a file of comparisons).

use std::{fmt::Display, ops::RangeInclusive};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny},
};
use tapeline_data::normalisation::MAX_CHANNELS;

use crate::{run::config::Numbers, settings::fold::FOLDS};

/// Number of passes over the training data.
pub const EPOCHS: RangeInclusive<u64> = 1..=1_000_000;

/// Batch size.
pub const BATCH_SIZE: RangeInclusive<usize> = 1..=65_536;

/// Number of images to hold out or to train on.
pub const IMAGES: RangeInclusive<usize> = 1..=1_000_000_000;

/// Random seed. It is stored in `config.toml`, where integers are limited to this range.
pub const SEED: RangeInclusive<u64> = 0..=i64::MAX as u64;

/// Number of seeds of a configuration in a comparison.
pub const SEEDS: RangeInclusive<u64> = 1..=1000;

/// Returns the number if it is in the range.
pub fn within<T: PartialOrd + Display>(
    number: Option<T>,
    range: &RangeInclusive<T>,
) -> Result<T, String> {
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be an integer, {} to {}", range.start(), range.end()))
}

/// Returns the number if it is a valid learning rate or maximum gradient norm.
pub fn positive(number: Option<f64>) -> Result<f64, String> {
    number
        .filter(|number| number.is_finite() && *number > 0.0)
        .ok_or_else(|| "must be a finite number above 0".into())
}

/// Deserializes the key `epochs`. The functions below do the same for the key of their name.
pub(crate) fn epochs<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    integer(from, "epochs", &EPOCHS)
}

pub(crate) fn batch_size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    integer(from, "batch_size", &BATCH_SIZE)
}

pub(crate) fn seed<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    integer(from, "seed", &SEED)
}

pub(crate) fn seeds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    integer(from, "seeds", &SEEDS)
}

pub(crate) fn patience<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    integer(from, "patience", &EPOCHS).map(Some)
}

pub(crate) fn folds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    integer(from, "folds", &FOLDS).map(Some)
}

pub(crate) fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    integer(from, "limit", &IMAGES).map(Some)
}

pub(crate) fn lr<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    keyed("lr", positive(number(from)?)).map(Some)
}

pub(crate) fn max_grad_norm<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    keyed("max_grad_norm", positive(number(from)?)).map(Some)
}

/// Deserializes a field of the normalisation.
pub(crate) fn scale<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    keyed("scale", positive_f32(f32::deserialize(from)?))
}

pub(crate) fn std<'de, D: Deserializer<'de>>(from: D) -> Result<Numbers, D::Error> {
    let numbers = per_channel(from, "std")?;
    for &number in numbers.all() {
        keyed("std", positive_f32(number))?;
    }
    Ok(numbers)
}

pub(crate) fn mean<'de, D: Deserializer<'de>>(from: D) -> Result<Numbers, D::Error> {
    let numbers = per_channel(from, "mean")?;
    match numbers.all().iter().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => keyed("mean", Err("must be a finite number".into())),
    }
}

/// Deserializes one number, or a list with one for each channel.
fn per_channel<'de, D: Deserializer<'de>>(from: D, key: &str) -> Result<Numbers, D::Error> {
    match Any::<Numbers>::deserialize(from)? {
        Any::Number(numbers) if (1..=MAX_CHANNELS).contains(&numbers.all().len()) => Ok(numbers),
        _ => keyed(
            key,
            Err(format!(
                "must be one number, or 1 to {MAX_CHANNELS} numbers, one for each channel"
            )),
        ),
    }
}

fn positive_f32(number: f32) -> Result<f32, String> {
    positive(Some(number.into())).map(|number| number as f32)
}

pub(crate) fn partial<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let flag = toml::Value::deserialize(from)?.as_bool();
    keyed("partial", flag.ok_or("must be `true` or `false`".into()))
}

/// Deserializes a fraction of the epochs of a configuration.
pub(crate) fn share<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let share = number(from)?.filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| D::Error::custom("`epochs` must be a fraction above 0 and at most 1"))
}

/// Figures of a run from another source: train loss, train accuracy and test accuracy.
pub(crate) type KnownRun = [Option<f64>; 3];

/// Deserializes the figures of runs from other sources. A number is the test accuracy of a run, of
/// which nothing else is known.
pub(crate) fn figures<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<KnownRun>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Run {
        TestAccuracy(f64),
        All(KnownRun),
    }
    let wrong = || {
        D::Error::custom(
            "known figures must be one or more runs, each a finite loss and two accuracies from 0 to 1, or a test accuracy",
        )
    };
    let runs = Vec::<Run>::deserialize(from).map_err(|_| wrong())?;
    let runs = runs.into_iter().map(|run| match run {
        Run::TestAccuracy(test) => [None, None, Some(test)],
        Run::All(all) => all,
    });
    let runs: Vec<_> = runs.collect();
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    let can_be = |&[loss, train, test]: &KnownRun| {
        loss.is_none_or(f64::is_finite) && train.is_none_or(is_share) && test.is_some_and(is_share)
    };
    match !runs.is_empty() && runs.iter().all(can_be) {
        true => Ok(runs),
        false => Err(wrong()),
    }
}

/// Deserializes a SHA-256 in hexadecimal digits.
pub(crate) fn sha256<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let sum = String::deserialize(from)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match sum.len() == 64 && sum.bytes().all(is_digit) {
        true => Ok(sum),
        false => Err(D::Error::custom(
            "must be a SHA-256: 64 lower-case hexadecimal digits",
        )),
    }
}

pub(crate) fn weights_sha256<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    sha256(from).map(Some)
}

pub(crate) fn val_sha256<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    sha256(from).map(Some)
}

fn integer<'de, D, T>(from: D, key: &str, range: &RangeInclusive<T>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: PartialOrd + Display + TryFrom<i64>,
{
    let number = Any::<i64>::deserialize(from)?.number();
    keyed(
        key,
        within(number.and_then(|number| number.try_into().ok()), range),
    )
}

/// Deserializes a number, or `None` for another value. JSON has `null` for a number that is not
/// finite.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Any::<f64>::deserialize(from).map(Any::number)
}

/// A number, or a value that is not one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Any<T> {
    Number(T),
    Other(IgnoredAny),
}

impl<T> Any<T> {
    fn number(self) -> Option<T> {
        match self {
            Any::Number(number) => Some(number),
            Any::Other(_) => None,
        }
    }
}

fn keyed<T, E: Error>(key: &str, result: Result<T, String>) -> Result<T, E> {
    result.map_err(|problem| E::custom(format!("`{key}` {problem}")))
}
