//! Significance of the difference in accuracy between two configurations.
//!
//! Accuracies are compared seed by seed with a two-sided paired t-test at 5 %, which takes the
//! resolution given by the number of images into account ([`stats`](crate::study::stats)).
//!
//! With validation data, configurations are judged on it and the test data only measures the chosen
//! one. Otherwise the test data does both, and the accuracy of the best configuration is slightly
//! too high.

use serde::Serialize;

use crate::{
    run::events::Figures,
    study::{
        results::{Compared, RowResult},
        stats::{Paired, holm},
    },
};

/// Significance level.
pub const LIMIT: f64 = 0.05;

/// The data whose accuracies decide which configuration is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgedOn {
    /// The images held out with `--val`, or the validation data of the dataset.
    Validation,
    /// The test images.
    Test,
}

impl JudgedOn {
    /// The validation data if all configurations have the same, otherwise the test data. The number
    /// of images held out determines which they are.
    pub fn of(compared: &Compared<'_>) -> JudgedOn {
        let finished = compared.rows.iter().filter(|row| !row.runs.is_empty());
        let mut held_out = finished.map(RowResult::val_samples);
        match held_out.next() {
            Some(Some(val)) if held_out.all(|other| other == Some(val)) => JudgedOn::Validation,
            _ => JudgedOn::Test,
        }
    }

    /// The accuracy on this data.
    pub fn accuracy(self, figures: &Figures) -> Option<f64> {
        match self {
            JudgedOn::Validation => figures.val_accuracy,
            JudgedOn::Test => Some(figures.test_accuracy),
        }
    }

    /// Its name in text: `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            JudgedOn::Validation => "validation",
            JudgedOn::Test => "test",
        }
    }

    /// The number of images, which all configurations of a comparison share.
    fn images(self, row: &RowResult<'_>) -> usize {
        let images = match self {
            JudgedOn::Validation => row.val_samples(),
            JudgedOn::Test => row.test_samples(),
        };
        images.unwrap_or(0)
    }
}

/// The result of comparing two configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first is significantly more accurate.
    Holds,
    /// The second is significantly more accurate.
    Fails,
    /// Inconclusive: there are too few seeds or too few test images.
    Open,
}

/// A verdict with the test it is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// First minus second; `None` if they have fewer than two seeds in common.
    pub paired: Option<Paired>,
}

/// Tests whether `better` is more accurate than `than`.
pub fn judge(on: JudgedOn, better: &RowResult<'_>, than: &RowResult<'_>) -> Judged {
    let paired = Paired::of(&differences(on, better, than), on.images(better));
    Judged {
        verdict: decide(paired),
        paired,
    }
}

/// The configuration with the highest mean accuracy, compared with each other one.
pub struct Best {
    /// The images on which it was selected.
    pub on: JudgedOn,
    /// Index of the best configuration.
    pub row: usize,
    /// Index of each other configuration and the verdict, with p-values corrected for the number of
    /// comparisons.
    pub others: Vec<(usize, Judged)>,
}

/// Finds the best configuration; returns `None` if fewer than two can be ranked. Configurations
/// with a run that diverged are not ranked.
pub fn best(compared: &Compared<'_>) -> Option<Best> {
    let (on, rows) = (JudgedOn::of(compared), &compared.rows);
    let mean = |row: &RowResult<'_>| row.rank(|f| on.accuracy(f));
    let means: Vec<_> = (0..)
        .zip(rows)
        .filter_map(|(i, row)| Some((i, mean(row)?)))
        .collect();
    let (best, _) = *means
        .iter()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let others = means.iter().map(|&(i, _)| i).filter(|&i| i != best);
    let judged: Vec<_> = others
        .map(|i| (i, judge(on, &rows[best], &rows[i])))
        .collect();
    let corrected = holm(
        &judged
            .iter()
            .map(|(_, judged)| judged.p())
            .collect::<Vec<_>>(),
    );
    let others = judged.into_iter().zip(corrected).map(|((i, judged), p)| {
        let paired = judged.paired.map(|paired| Paired { p, ..paired });
        (
            i,
            Judged {
                paired,
                verdict: decide(paired),
            },
        )
    });
    let others: Vec<_> = others.collect();
    (!others.is_empty()).then_some(Best {
        on,
        row: best,
        others,
    })
}

fn decide(paired: Option<Paired>) -> Verdict {
    match paired {
        Some(paired) if paired.p < LIMIT && paired.difference.mean > 0.0 => Verdict::Holds,
        Some(paired) if paired.p < LIMIT && paired.difference.mean < 0.0 => Verdict::Fails,
        _ => Verdict::Open,
    }
}

/// First minus second, for each seed and fold that both have.
fn differences(on: JudgedOn, first: &RowResult<'_>, second: &RowResult<'_>) -> Vec<f64> {
    let second = second.values(|f| on.accuracy(f));
    let pair = |(run, value)| {
        let other = second.iter().find(|(other, _)| *other == run)?;
        Some(value - other.1)
    };
    let first = first.values(|f| on.accuracy(f));
    first.into_iter().filter_map(pair).collect()
}

impl Judged {
    /// The p-value; 1 if there was no test.
    pub fn p(&self) -> f64 {
        self.paired.map_or(1.0, |paired| paired.p)
    }

    /// Formats the difference in percentage points: `+0.32 points (95 % interval +0.10 to +0.54), p
    /// = 0.021`.
    pub fn figures(&self) -> String {
        let Some(paired) = self.paired else {
            return "too few runs in common".into();
        };
        let (mean, margin) = (paired.difference.mean, paired.margin);
        format!(
            "{:+.2} points (95 % interval {:+.2} to {:+.2}), {}",
            100.0 * mean,
            100.0 * (mean - margin),
            100.0 * (mean + margin),
            probability(paired.p),
        )
    }
}

/// Formats a p-value.
fn probability(p: f64) -> String {
    match p < 0.001 {
        true => "p < 0.001".into(),
        false => format!("p = {p:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_when_chance_is_improbable() {
        let verdict = |differences: &[f64]| decide(Paired::of(differences, 10_000));
        assert_eq!(verdict(&[0.010, 0.011, 0.012]), Verdict::Holds);
        assert_eq!(verdict(&[-0.010, -0.011, -0.012]), Verdict::Fails);
        assert_eq!(verdict(&[0.010, -0.011, 0.012]), Verdict::Open);
        assert_eq!(verdict(&[0.0, 0.0, 0.0]), Verdict::Open);
        assert_eq!(verdict(&[0.5]), Verdict::Open, "one seed shows no spread");
        let of_two_images = decide(Paired::of(&[0.5, 0.5], 2));
        assert_eq!(of_two_images, Verdict::Open);
    }
}
