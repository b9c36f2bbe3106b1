//! The epochs of a training run, and the table in which they are stored.

use std::ops::Deref;

use sha2::{Digest, Sha256};

use crate::Epoch;

/// The finished epochs in order, with a checksum over all of them and the best one so far.
///
/// Adding an epoch takes constant time.
///
/// A [checkpoint](crate::checkpoint) holds only the number of epochs and the checksum. The epochs
/// themselves belong in a file to which [`row`] is appended after each epoch, and which
/// [`History::read`] reads.
///
/// ```
/// use tapeline_models::{Epoch, History, history};
///
/// let epoch = |epoch, loss| Epoch {
///     epoch,
///     train_loss: loss,
///     train_accuracy: 0.5,
///     test_loss: f64::NAN,
///     test_accuracy: 0.5,
///     val: None,
///     lr: 0.001,
///     train_seconds: 0.1,
///     test_seconds: 0.1,
/// };
/// let history = History::from_iter([epoch(1, 0.3), epoch(2, 0.1 + 0.2)]);
/// let text = history.table();
/// let cut = &text[..text.len() - 1];
/// assert_eq!(History::read(&text).checksum(), history.checksum());
/// assert_eq!(History::read(cut).len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct History {
    epochs: Vec<Epoch>,
    /// Hash of the previous checksum and the last epoch's row; zeros before the first epoch.
    checksum: [u8; 32],
    /// Index of the best epoch.
    best: Option<usize>,
    /// Index of the first epoch with the smallest validation loss.
    lowest: Option<usize>,
}

impl History {
    /// Adds an epoch.
    pub fn push(&mut self, epoch: Epoch) {
        let mut sum = Sha256::new();
        sum.update(self.checksum);
        sum.update(row(&epoch));
        self.checksum = sum.finalize().into();
        if is_better(&epoch, self.best()) {
            self.best = Some(self.epochs.len());
        }
        let loss = |epoch: &Epoch| epoch.val.map(|(loss, _)| loss);
        let lowest = self.lowest.and_then(|lowest| loss(&self.epochs[lowest]));
        if loss(&epoch).is_some_and(|loss| lowest.is_none_or(|lowest| loss < lowest)) {
            self.lowest = Some(self.epochs.len());
        }
        self.epochs.push(epoch);
    }

    /// Returns the best epoch on the validation data: the one with the highest accuracy; among
    /// equals the one with the smallest loss, then the first.
    ///
    /// Returns `None` without validation data.
    pub fn best(&self) -> Option<&Epoch> {
        self.best.map(|best| &self.epochs[best])
    }

    /// Returns the number of epochs since the validation loss was smallest; 0 without validation
    /// data.
    pub fn stalled_for(&self) -> u64 {
        self.lowest
            .map_or(0, |lowest| (self.epochs.len() - 1 - lowest) as u64)
    }

    /// Returns a checksum of all epochs, exact to the bit, in hexadecimal digits.
    pub fn checksum(&self) -> String {
        self.checksum.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Returns the epochs as comma-separated values: [`heading`], then the [`row`] of each.
    pub fn table(&self) -> String {
        let with_val = self.epochs.first().is_some_and(|epoch| epoch.val.is_some());
        let rows = self.epochs.iter().map(row);
        heading(with_val) + &rows.collect::<String>()
    }

    /// Reads the epochs at the start of a table.
    ///
    /// Stops at the first line that is incomplete or differs from what [`table`](History::table)
    /// writes, so a table that was truncated or edited yields the epochs before that place.
    pub fn read(text: &str) -> History {
        let headed = [false, true]
            .into_iter()
            .find_map(|with_val| Some((with_val, text.strip_prefix(&heading(with_val))?)));
        let (with_val, rows) = headed.unwrap_or_default();
        let epochs = (1..).zip(rows.split_inclusive('\n'));
        let epochs = epochs.map_while(|(number, line)| {
            let epoch = read_row(line, number)?;
            (epoch.val.is_some() == with_val && row(&epoch) == line).then_some(epoch)
        });
        epochs.collect()
    }
}

impl Deref for History {
    type Target = [Epoch];

    fn deref(&self) -> &[Epoch] {
        &self.epochs
    }
}

impl FromIterator<Epoch> for History {
    fn from_iter<I: IntoIterator<Item = Epoch>>(epochs: I) -> Self {
        let mut history = History::default();
        epochs.into_iter().for_each(|epoch| history.push(epoch));
        history
    }
}

/// Returns the first line of a table of epochs.
pub fn heading(with_val: bool) -> String {
    let val = match with_val {
        true => "val_loss,val_accuracy,",
        false => "",
    };
    format!(
        "epoch,train_loss,train_accuracy,test_loss,test_accuracy,{val}lr,train_seconds,test_seconds\n"
    )
}

/// Returns the line of an epoch in a table.
///
/// Parsing a figure restores the same bits; figures that aren't finite are written as `NaN` or
/// `inf`.
pub fn row(epoch: &Epoch) -> String {
    let Epoch {
        epoch: number,
        train_loss,
        train_accuracy,
        test_loss,
        test_accuracy,
        val,
        lr,
        train_seconds,
        test_seconds,
    } = epoch;
    let val = val.map_or_else(String::new, |(loss, accuracy)| {
        format!("{loss},{accuracy},")
    });
    format!(
        "{number},{train_loss},{train_accuracy},{test_loss},{test_accuracy},{val}{lr},{train_seconds},{test_seconds}\n"
    )
}

/// Parses a line written by [`row`] for the epoch of this number.
fn read_row(line: &str, number: u64) -> Option<Epoch> {
    let (first, figures) = line.strip_suffix('\n')?.split_once(',')?;
    let figures = figures.split(',').map(str::parse);
    let figures: Vec<f64> = figures.collect::<Result<_, _>>().ok()?;
    let (
        val,
        [
            train_loss,
            train_accuracy,
            test_loss,
            test_accuracy,
            lr,
            train_seconds,
            test_seconds,
        ],
    ) = match figures[..] {
        [a, b, c, d, e, f, g] => (None, [a, b, c, d, e, f, g]),
        [a, b, c, d, loss, accuracy, e, f, g] => (Some((loss, accuracy)), [a, b, c, d, e, f, g]),
        _ => return None,
    };
    (first == number.to_string()).then_some(Epoch {
        epoch: number,
        train_loss,
        train_accuracy,
        test_loss,
        test_accuracy,
        val,
        lr,
        train_seconds,
        test_seconds,
    })
}

/// Returns whether an epoch did better on the validation data than the best one so far.
fn is_better(epoch: &Epoch, best: Option<&Epoch>) -> bool {
    let Some((loss, accuracy)) = epoch.val else {
        return false;
    };
    best.and_then(|best| best.val)
        .is_none_or(|(old_loss, old_accuracy)| {
            accuracy > old_accuracy || (accuracy == old_accuracy && loss < old_loss)
        })
}
