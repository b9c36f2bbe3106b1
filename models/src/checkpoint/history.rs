//! The epochs of a training as text.

use serde_json::json;

use crate::Epoch;

/// All of them, in order.
pub fn text(history: &[Epoch]) -> String {
    let rows: Vec<_> = history.iter().map(row).collect();
    json!(rows).to_string()
}

/// What [`text`] has made; nothing where it is something else.
pub fn read(text: &str) -> Option<Vec<Epoch>> {
    let rows: Vec<Vec<String>> = serde_json::from_str(text).ok()?;
    let numbered = rows.iter().zip(1..);
    numbered.map(|(row, number)| epoch(row, number)).collect()
}

/// An epoch's figures as texts, which hold every number exactly, and those that are not finite.
fn row(epoch: &Epoch) -> Vec<String> {
    let Epoch {
        train_loss,
        train_accuracy,
        test_loss,
        test_accuracy,
        ..
    } = epoch;
    let (val_loss, val_accuracy) = epoch.val.unzip();
    let figures = [train_loss, train_accuracy, test_loss, test_accuracy];
    let times = [&epoch.train_seconds, &epoch.test_seconds];
    let figures = figures.into_iter().chain(times).copied();
    figures
        .chain(val_loss)
        .chain(val_accuracy)
        .map(|figure| figure.to_string())
        .collect()
}

/// What [`row`] has made, as the epoch of this number.
fn epoch(row: &[String], number: u64) -> Option<Epoch> {
    let figures: Vec<f64> = row
        .iter()
        .map(|text| text.parse().ok())
        .collect::<Option<_>>()?;
    let (
        &[
            train_loss,
            train_accuracy,
            test_loss,
            test_accuracy,
            train_seconds,
            test_seconds,
        ],
        val,
    ) = figures.split_first_chunk()?;
    let val = match *val {
        [] => None,
        [loss, accuracy] => Some((loss, accuracy)),
        _ => return None,
    };
    Some(Epoch {
        epoch: number,
        train_loss,
        train_accuracy,
        test_loss,
        test_accuracy,
        val,
        train_seconds,
        test_seconds,
    })
}
