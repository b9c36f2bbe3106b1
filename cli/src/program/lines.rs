//! The line of an epoch in the text output: a row of a table that is at most 80 columns wide.

use tapeline_experiments::table::percent;
use tapeline_models::Epoch;

/// Maximum width of a line in columns.
const WIDTH: usize = 80;

/// The datasets that an epoch is measured on.
const MEASURED: [&str; 3] = ["train", "test", "val"];

/// Widths of the columns for a loss, an accuracy and a time.
const LOSS: usize = 11;
const ACCURACY: usize = 9;
const TIME: usize = 9;

/// Formats the heading of the table, for a run of `epochs` epochs.
pub fn heading(epochs: u64, with_val: bool) -> String {
    let measured = &MEASURED[..if with_val { 3 } else { 2 }];
    let mut line = format!("{:>width$}", "epoch", width = first(epochs, measured.len()));
    for name in measured {
        line += &format!("{:>LOSS$}{:>ACCURACY$}", format!("{name} loss"), "accuracy");
    }
    line + &format!("{:>TIME$}", "time")
}

/// Formats the metrics of an epoch as a row of the table.
pub fn epoch(epoch: &Epoch, epochs: u64) -> String {
    let figures = [
        Some((epoch.train_loss, epoch.train_accuracy)),
        Some((epoch.test_loss, epoch.test_accuracy)),
        epoch.val,
    ];
    let measured = figures.into_iter().flatten();
    let width = first(epochs, measured.clone().count());
    let whole = format!("{}/{epochs}", epoch.epoch);
    let number = match whole.len() <= width {
        true => whole,
        false => epoch.epoch.to_string(),
    };
    let mut line = format!("{number:>width$}");
    for (loss, accuracy) in measured {
        line += &format!(
            "{:>LOSS$}{:>ACCURACY$}",
            self::loss(loss),
            percent(accuracy)
        );
    }
    line + &format!("{:>TIME$}", time(epoch.train_seconds))
}

/// Formats a loss in at most 8 columns.
pub fn loss(loss: f64) -> String {
    match loss.abs() {
        0.0..1000.0 => format!("{loss:.4}"),
        _ => format!("{loss:.1e}"),
    }
}

/// Formats seconds in at most 8 columns.
fn time(seconds: f64) -> String {
    match seconds {
        ..9_999.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Returns the width of the first column, which includes the total number of epochs if there is
/// room.
fn first(epochs: u64, measured: usize) -> usize {
    let room = WIDTH - TIME - measured * (LOSS + ACCURACY);
    let wanted = 2 * epochs.to_string().len() + 1;
    wanted.max("epoch".len()).min(room)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    proptest! {
        #[test]
        fn a_line_fits_and_its_columns_do_not_touch(
            epochs in 1_u64..=1_000_000,
            number: prop::sample::Index,
            losses: [f64; 3],
            accuracies in [0.0..=1.0, 0.0..=1.0, 0.0..=1.0_f64],
            with_val: bool,
            seconds in prop_oneof![0.0..10.0, 0.0..1e7_f64],
        ) {
            let [train_loss, test_loss, val_loss] = losses;
            let line = epoch(
                &Epoch {
                    epoch: number.index(epochs as usize) as u64 + 1,
                    train_loss,
                    train_accuracy: accuracies[0],
                    test_loss,
                    test_accuracy: accuracies[1],
                    val: with_val.then_some((val_loss, accuracies[2])),
                    lr: 0.001,
                    train_seconds: seconds,
                    test_seconds: seconds,
                },
                epochs,
            );
            let heading = heading(epochs, with_val);
            prop_assert_eq!(line.width(), heading.width());
            prop_assert!(line.width() <= 80, "{line}");
            // A percentage and a time are two words each.
            let measured = if with_val { 3 } else { 2 };
            prop_assert_eq!(line.split_whitespace().count(), 1 + 3 * measured + 2, "{}", line);
        }
    }
}
