//! The curves of a comparison.

use crate::{
    plots::chart::{Axis, Chart, Line, Panel},
    study::results::{Compared, RowResult},
    training::events::Figures,
};

/// Training loss and test accuracy over the epochs, a series for each row: means over the seeds.
pub fn curves(compared: &Compared<'_>) -> Chart {
    let panel = |title: &str, figure: fn(&Figures) -> f64| {
        let line = |(series, row): (usize, &RowResult<'_>)| Line {
            series,
            points: row.curve(figure),
            dashed: false,
        };
        Panel {
            title: title.into(),
            x: Axis::linear("epoch"),
            y: Axis::default(),
            lines: compared.rows.iter().enumerate().map(line).collect(),
        }
    };
    Chart {
        title: compared.comparison.title.clone(),
        series: compared.rows.iter().map(|row| row.row.name()).collect(),
        panels: vec![
            panel("train loss", |f| f.train_loss),
            panel("test accuracy", |f| f.test_accuracy),
        ],
    }
}
