//! Loss and accuracy of one run over its epochs.

use tapeline_models::{Epoch, Progress};

use tapeline_plots::{Axis, Chart, Line, Panel};

/// A metric of an epoch.
type Figure = fn(&Epoch) -> f64;

/// The series of a chart: name, loss and accuracy.
const SERIES: [(&str, Figure, Figure); 3] = [
    ("train", |e| e.train_loss, |e| e.train_accuracy),
    ("test", |e| e.test_loss, |e| e.test_accuracy),
    (
        "val",
        |e| e.val.map_or(f64::NAN, |(loss, _)| loss),
        |e| e.val.map_or(f64::NAN, |(_, accuracy)| accuracy),
    ),
];

/// The chart of a run on the training data, the test data and, if there are any, the validation
/// data.
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

/// The chart of a run in the middle of an epoch, with the running means of that epoch in `so_far`.
pub fn running(history: &[Epoch], so_far: &[Progress]) -> Chart {
    let mut chart = chart("", history);
    let figures: [fn(&Progress) -> f64; 2] = [|now| now.loss, |now| now.accuracy];
    for (panel, figure) in chart.panels.iter_mut().zip(figures) {
        let point = |now: &Progress| {
            let share = now.samples as f64 / now.of as f64;
            ((now.epoch - 1) as f64 + share, figure(now))
        };
        panel.lines[0].points.extend(so_far.iter().map(point));
    }
    chart
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
            lr: 0.001,
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

    #[test]
    fn a_running_epoch_goes_on_where_the_last_one_ended() {
        let now = |samples| Progress {
            epoch: 1,
            samples,
            of: 100,
            loss: 0.5,
            accuracy: 0.75,
        };
        let chart = running(&[], &[now(25), now(50)]);
        let points = |panel: usize| chart.panels[panel].lines[0].points.clone();
        assert_eq!(points(0), [(0.25, 0.5), (0.5, 0.5)]);
        assert_eq!(points(1), [(0.25, 0.75), (0.5, 0.75)]);
        assert_eq!(chart.panels[0].lines[1].points, []);
    }
}
