//! The results of evaluating a model, as text and as JSON.

use serde::Serialize;
use tapeline_models::{ClassMetrics, Evaluation};
use unicode_width::UnicodeWidthStr;

use crate::{
    escape,
    run::model::BestEpoch,
    table::{Table, percent},
};

/// Maximum width of a line of text in columns.
const WIDTH: usize = 80;

/// Maximum width of a class name in a table.
const CLASS: usize = 36;

/// Number of confusions listed if the matrix is too wide.
const CONFUSIONS: usize = 10;

/// An evaluated model: what it was evaluated on, and its metrics.
pub struct Evaluated<'a> {
    /// The dataset.
    pub data: &'a str,
    /// Whether rows and columns of the images were swapped.
    pub transpose: bool,
    /// The epoch of the model, if it was selected on validation data.
    pub best: Option<BestEpoch>,
    /// The loss in full form.
    pub loss: &'a str,
    /// The class names.
    pub classes: &'a [String],
    /// The metrics.
    pub found: &'a Evaluation,
}

/// The results as JSON.
#[derive(Serialize)]
struct Json<'a> {
    data: &'a str,
    transpose: bool,
    #[serde(flatten)]
    best: Option<BestEpoch>,
    loss_function: &'a str,
    loss: f64,
    accuracy: f64,
    balanced_accuracy: f64,
    calibration_error: f64,
    samples: usize,
    classes: Vec<Class<'a>>,
    confusion: &'a [Vec<usize>],
}

#[derive(Serialize)]
struct Class<'a> {
    name: &'a str,
    images: usize,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

impl Evaluated<'_> {
    /// Returns the results for JSON.
    pub fn json(&self) -> impl Serialize {
        let Evaluation {
            loss,
            accuracy,
            samples,
            calibration_error,
            ..
        } = *self.found;
        let classes = self.classes.iter().zip(self.found.classes());
        Json {
            data: self.data,
            transpose: self.transpose,
            best: self.best,
            loss_function: self.loss,
            loss,
            accuracy,
            balanced_accuracy: self.found.balanced_accuracy(),
            calibration_error,
            samples,
            classes: classes
                .map(|(name, metrics)| Class::new(name, &metrics))
                .collect(),
            confusion: &self.found.confusion,
        }
    }

    /// Returns the results for people, in lines of at most 80 columns.
    pub fn text(&self) -> String {
        let found = self.found;
        let transposed = if self.transpose { ", transposed" } else { "" };
        let data = escape::cut(&format!("{}{transposed}", self.data), WIDTH - 1);
        let accuracy = percent(found.accuracy);
        let figures = format!(
            "loss {:.4}  accuracy {accuracy}  {} images",
            found.loss, found.samples
        );
        let space = match data.width() + 2 + figures.width() > WIDTH {
            true => "\n",
            false => " ",
        };
        let mut out = format!("{data}:{space}{figures}\n");
        if let Some(best) = self.best {
            out += &format!("{best}\n");
        }
        out += &format!(
            "balanced accuracy {}  expected calibration error {}\n\n",
            percent(found.balanced_accuracy()),
            percent(found.calibration_error)
        );
        out += &self.metrics();
        let matrix = self.matrix();
        out + "\n"
            + &match matrix.lines().any(|line| line.width() > WIDTH) {
                true => self.confusions(),
                false => matrix,
            }
    }

    /// The metrics of each class.
    fn metrics(&self) -> String {
        let share = |share: Option<f64>| share.map_or_else(|| "-".into(), percent);
        let mut table = Table::new(&["class", ">images", ">precision", ">recall", ">f1"]);
        for (i, metrics) in self.found.classes().into_iter().enumerate() {
            table.row([
                self.class(i, CLASS),
                metrics.images.to_string(),
                share(metrics.precision),
                share(metrics.recall),
                share(metrics.f1),
            ]);
        }
        table.to_string()
    }

    fn matrix(&self) -> String {
        let columns = (0..self.classes.len()).map(|i| format!(">{i}"));
        let heading: Vec<_> = ["class".into(), ">".into()]
            .into_iter()
            .chain(columns)
            .collect();
        let heading: Vec<_> = heading.iter().map(String::as_str).collect();
        let mut table = Table::new(&heading);
        for (i, row) in self.found.confusion.iter().enumerate() {
            let counts = row.iter().map(usize::to_string);
            let name = self.class(i, CLASS / 2);
            table.row([name, i.to_string()].into_iter().chain(counts));
        }
        format!("confusion matrix: true class by row, predicted class by column\n{table}")
    }

    /// The most frequent entries of the confusion matrix outside of its diagonal.
    fn confusions(&self) -> String {
        let all = confusions(&self.found.confusion);
        let mut table = Table::new(&["true class", "predicted class", ">images"]);
        for &(class, predicted, images) in all.iter().take(CONFUSIONS) {
            let [class, predicted] = [class, predicted].map(|i| self.class(i, CLASS - 6));
            table.row([class, predicted, images.to_string()]);
        }
        format!("most frequent confusions (`--json` has the whole matrix)\n{table}")
    }

    fn class(&self, i: usize, width: usize) -> String {
        escape::cut(&self.classes[i], width)
    }
}

impl<'a> Class<'a> {
    fn new(name: &'a str, metrics: &ClassMetrics) -> Self {
        let &ClassMetrics {
            images,
            precision,
            recall,
            f1,
        } = metrics;
        Class {
            name,
            images,
            precision,
            recall,
            f1,
        }
    }
}

/// Returns the entries outside of the diagonal of a confusion matrix that aren't 0, as true class,
/// predicted class and number of images; the most frequent first.
pub(crate) fn confusions(confusion: &[Vec<usize>]) -> Vec<(usize, usize, usize)> {
    let rows = confusion.iter().enumerate();
    let entries = rows.flat_map(|(class, row)| {
        let columns = row.iter().enumerate();
        columns.map(move |(predicted, &images)| (class, predicted, images))
    });
    let mut found: Vec<_> = entries
        .filter(|&(class, predicted, images)| class != predicted && images > 0)
        .collect();
    found.sort_by_key(|&(.., images)| std::cmp::Reverse(images));
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the names of data and classes are, and however many there are.
        #[test]
        fn lines_have_at_most_80_columns(
            data in "[ -~äß漢字]{0,120}",
            transpose: bool,
            epoch in prop::option::of(1_u64..1_000_000),
            names in prop::collection::vec("[ -~äß漢字]{0,60}", 1..40),
            count in 0_usize..100_000_000,
            loss in 0.0..1e4_f64,
        ) {
            let confusion: Vec<_> = (0..names.len()).map(|i| vec![count * (i % 3); names.len()]).collect();
            let samples = confusion.iter().flatten().sum();
            let found = Evaluation { loss, accuracy: 1.0, samples, confusion, calibration_error: 1.0 };
            let evaluated = Evaluated {
                data: &data,
                transpose,
                best: epoch.map(|epoch| BestEpoch { epoch, epochs: epoch }),
                loss: "cross_entropy",
                classes: &names,
                found: &found,
            };
            let text = evaluated.text();
            for line in text.lines() {
                prop_assert!(line.width() <= WIDTH, "{} columns: {line}", line.width());
            }
            prop_assert!(text.contains("confusion"), "{text}");
        }
    }
}
