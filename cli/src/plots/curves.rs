//! Loss and accuracy of one training, over its epochs.

use tapeline_models::Epoch;

use crate::plots::chart::{Axis, Chart, Line, Panel};

/// A figure of an epoch.
type Figure = fn(&Epoch) -> f64;

/// What an epoch is measured on: its name, loss and accuracy.
const SERIES: [(&str, Figure, Figure); 3] = [
    ("train", |e| e.train_loss, |e| e.train_accuracy),
    ("test", |e| e.test_loss, |e| e.test_accuracy),
    (
        "val",
        |e| e.val.map_or(f64::NAN, |(loss, _)| loss),
        |e| e.val.map_or(f64::NAN, |(_, accuracy)| accuracy),
    ),
];

/// The chart of a training: the training data, the test data and, where there are some, the validation data.
pub fn chart(title: &str, history: &[Epoch]) -> Chart {
    let with_val = history.iter().any(|epoch| epoch.val.is_some());
    let series = &SERIES[..if with_val { 3 } else { 2 }];
    let panel = |title: &str, figure: fn(&(&str, Figure, Figure)) -> Figure| {
        let line = |(series, measured)| Line {
            series,
            points: points(history, figure(measured)),
            dashed: false,
        };
        Panel {
            title: title.into(),
            x: Axis::linear("epoch"),
            y: Axis::default(),
            lines: series.iter().enumerate().map(line).collect(),
        }
    };
    Chart {
        title: title.into(),
        series: series.iter().map(|(name, ..)| (*name).into()).collect(),
        panels: vec![
            panel("loss", |&(_, loss, _)| loss),
            panel("accuracy", |&(.., accuracy)| accuracy),
        ],
    }
}

fn points(history: &[Epoch], figure: Figure) -> Vec<(f64, f64)> {
    let point = |epoch: &Epoch| (epoch.epoch as f64, figure(epoch));
    history.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_is_a_point_of_each_line() {
        let epoch = |epoch, val| Epoch {
            epoch,
            train_loss: 0.5,
            train_accuracy: 0.75,
            test_loss: 0.625,
            test_accuracy: 0.875,
            val,
            train_seconds: 1.0,
            test_seconds: 1.0,
        };
        let figures = |chart: &Chart| {
            let lines = chart.panels.iter().flat_map(|panel| &panel.lines);
            lines.map(|line| line.points.clone()).collect::<Vec<_>>()
        };
        let plain = chart("flatten", &[epoch(1, None), epoch(2, None)]);
        assert_eq!(plain.series, ["train", "test"]);
        let both = |value| vec![(1.0, value), (2.0, value)];
        assert_eq!(figures(&plain), [0.5, 0.625, 0.75, 0.875].map(both));

        let with_val = chart("flatten", &[epoch(1, Some((0.25, 0.375)))]);
        assert_eq!(with_val.series, ["train", "test", "val"]);
        let one = |value| vec![(1.0, value)];
        assert_eq!(
            figures(&with_val),
            [0.5, 0.625, 0.25, 0.75, 0.875, 0.375].map(one)
        );
        assert_eq!(
            figures(&chart("flatten", &[])),
            [vec![], vec![], vec![], vec![]]
        );
    }
}
