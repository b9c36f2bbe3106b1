//! Patterns that select parameters by name or place, for `freeze` and `lr_scale`.
//!
//! A pattern is compared with a name such as `5.0.weight` part by part. A part is a name, a number,
//! a range of numbers (`0-6`), or contains `*` for any characters; `*` alone stands for one or more
//! parts. A pattern also matches all names that continue it: `5` is everything in layer 5.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de::Error};
use toml::Value;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// The factors of the learning rate.
const FACTORS: RangeInclusive<f64> = 1e-6..=1e6;

impl Pattern {
    fn read(text: &str) -> Result<Self, String> {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || "_-*".contains(c);
        let mut parts = text.split('.');
        match parts.all(|part| !part.is_empty() && part.chars().all(is_valid)) {
            true => Ok(Pattern(text.into())),
            false => Err("must be names or places of parameters, like `0-6, *.bias`".into()),
        }
    }

    /// Returns whether the pattern selects the parameter of a name.
    pub fn matches(&self, name: &str) -> bool {
        let parts: Vec<_> = name.split('.').collect();
        // The numbers of parts of the name that the pattern so far can stand for.
        let mut ends = vec![false; parts.len() + 1];
        ends[0] = true;
        for part in self.0.split('.') {
            let mut next = vec![false; ends.len()];
            for (i, name) in parts.iter().enumerate() {
                next[i + 1] = match part {
                    "*" => ends[i] || next[i],
                    part => ends[i] && fits(part, name),
                };
            }
            ends = next;
        }
        ends.contains(&true)
    }
}

/// Returns whether a part of a pattern matches a part of a name.
fn fits(pattern: &str, name: &str) -> bool {
    let number = |text: &str| text.parse::<usize>().ok();
    if let Some((first, last)) = pattern.split_once('-') {
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return false;
        };
        return number(name).is_some_and(|name| (first..=last).contains(&name));
    }
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inside = name.strip_prefix(start);
    let Some(mut inside) = inside.and_then(|rest| rest.strip_suffix(end)) else {
        return false;
    };
    middle.split('*').all(|piece| match inside.find(piece) {
        Some(at) => {
            inside = &inside[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// Reads a list of patterns, separated by commas.
///
/// # Errors
/// When one is invalid; the message continues a sentence that names the list.
pub fn patterns(text: &str) -> Result<Vec<Pattern>, String> {
    text.split(',')
        .map(|text| Pattern::read(text.trim()))
        .collect()
}

/// Reads a list of patterns with factors, `0-6: 0.1, *.bias: 2`.
///
/// # Errors
/// When one is invalid; the message continues a sentence that names the list.
pub fn factors(text: &str) -> Result<Vec<(Pattern, f64)>, String> {
    let (low, high) = (FACTORS.start(), FACTORS.end());
    let wanted =
        format!("must be patterns with factors from {low} to {high}, like `0-6: 0.1, *.bias: 2`");
    let one = |text: &str| {
        let (pattern, factor) = text.split_once(':')?;
        let factor: f64 = factor.trim().parse().ok()?;
        let pattern = Pattern::read(pattern.trim()).ok()?;
        FACTORS.contains(&factor).then_some((pattern, factor))
    };
    let all = text.split(',').map(one);
    all.collect::<Option<_>>().ok_or(wanted)
}

/// Returns for each pattern whether it selects each of the names.
///
/// # Errors
/// When one selects none; the message continues a sentence that names the list, and lists the
/// names.
pub fn selected<'a>(
    patterns: impl IntoIterator<Item = &'a Pattern>,
    names: &[&str],
) -> Result<Vec<Vec<bool>>, String> {
    let rows = patterns.into_iter().map(|pattern| {
        let row: Vec<_> = names.iter().map(|name| pattern.matches(name)).collect();
        match row.contains(&true) {
            true => Ok(row),
            false => Err(format!(
                "`{}` matches none of the parameters {}",
                pattern.0,
                names.join(", ")
            )),
        }
    });
    rows.collect()
}

/// Deserializes the key `freeze`.
pub(crate) fn freeze<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, "freeze", |text| patterns(text).map(|_| ()))
}

/// Deserializes the key `lr_scale`.
pub(crate) fn lr_scale<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, "lr_scale", |text| factors(text).map(|_| ()))
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    key: &str,
    check: fn(&str) -> Result<(), String>,
) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(from)?;
    let text = value.as_str().unwrap_or_default();
    check(text).map_err(|problem| D::Error::custom(format!("`{key}` {problem}")))?;
    Ok(Some(text.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::read(pattern).unwrap().matches(name)
    }

    #[test]
    fn names_places_ranges_and_stars() {
        for (pattern, yes, no) in [
            (
                "0",
                &["0.weight", "0.0.bias"][..],
                &["10.weight", "1.0.weight"][..],
            ),
            (
                "0.weight",
                &["0.weight"],
                &["0.weights", "0.bias", "0.0.weight"],
            ),
            ("0-6", &["0.weight", "6.1.bias"], &["7.weight", "60.bias"]),
            (
                "5.1-2",
                &["5.1.weight", "5.2.0.bias"],
                &["5.0.weight", "1.weight"],
            ),
            ("*.bias", &["0.bias", "5.0.bias"], &["0.weight"]),
            (
                "1-2.*.bias",
                &["1.0.bias", "2.0.0.bias"],
                &["1.bias", "3.0.bias"],
            ),
            ("*", &["0.weight", "1.running_var"], &[]),
            (
                "*.running_*",
                &["1.running_var", "5.0.running_mean"],
                &["1.weight"],
            ),
            ("*.*_m*n", &["1.running_mean"], &["1.running_var", "1.mean"]),
            ("6-0", &[], &["0.weight", "6.weight", "3.bias"]),
        ] {
            yes.iter()
                .for_each(|name| assert!(matches(pattern, name), "{pattern} {name}"));
            no.iter()
                .for_each(|name| assert!(!matches(pattern, name), "{pattern} {name}"));
        }
    }

    #[test]
    fn invalid_lists_are_refused() {
        for text in ["", ",", "0,", "0 1", ".0", "0..1", "a/b"] {
            assert!(patterns(text).is_err(), "{text}");
        }
        for text in [
            "", "0", "0:", ":1", "0: x", "0: 0", "0: -1", "0: nan", "0: inf", "0: 1,",
        ] {
            assert!(factors(text).is_err(), "{text}");
        }
        let (pattern, factor) = factors("*.bias:2 , 0-6 : 0.1").unwrap().remove(1);
        assert_eq!((pattern, factor), (Pattern("0-6".into()), 0.1));
    }

    proptest! {
        /// A star stands for any text: the name itself, with a piece of it replaced by stars, matches.
        #[test]
        fn a_name_with_a_piece_replaced_by_a_star_matches(
            parts in prop::collection::vec("[a-z0-9_]{1,6}", 1..5),
            part in any::<prop::sample::Index>(),
            [from, to] in any::<[prop::sample::Index; 2]>(),
        ) {
            let name = parts.join(".");
            let mut starred = parts.clone();
            let part = part.index(parts.len());
            let [from, to] = [from, to].map(|end| end.index(parts[part].len() + 1));
            starred[part].replace_range(from.min(to)..from.max(to), "*");
            prop_assert!(matches(&starred.join("."), &name));
            prop_assert!(matches(&parts[..=part].join("."), &name));
            let longer = name.clone() + "x";
            prop_assert!(!matches(&longer, &name));
        }
    }
}
