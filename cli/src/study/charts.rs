//! The curves of a comparison, and the gradients of its models.

use crate::{
    plots::chart::{Axis, Chart, Line, Panel},
    study::{
        evidence::{Evidence, Gradients},
        results::{Compared, RowResult},
    },
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

/// The norms of the gradients of all rows, from the first weight to the last, at the start and at the end of training.
pub fn gradients(compared: &Compared<'_>, evidence: &[Option<Evidence>]) -> Chart {
    let panel = |title: &str, norms: fn(&Gradients) -> Option<&Vec<f64>>| {
        let line = |(series, evidence): (usize, &Option<Evidence>)| {
            let gradients = &evidence.as_ref()?.gradients;
            let norms = gradients.of_weights(norms(gradients)?);
            Some(Line {
                series,
                points: (1..).map(f64::from).zip(norms).collect(),
                dashed: false,
            })
        };
        Panel {
            title: format!("norm of the gradient {title}"),
            x: Axis::linear("weight, from the input on"),
            y: Axis::log(),
            lines: evidence.iter().enumerate().filter_map(line).collect(),
        }
    };
    Chart {
        title: compared.comparison.title.clone(),
        series: compared.rows.iter().map(|row| row.row.name()).collect(),
        panels: vec![
            panel("at the start", |gradients| gradients.start.as_ref()),
            panel("at the end", |gradients| gradients.end.as_ref()),
        ],
    }
}
