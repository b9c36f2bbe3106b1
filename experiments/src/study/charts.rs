//! Charts of a comparison: learning curves, and gradient norms of the models.

use tapeline_plots::{Axis, Chart, Line, Panel};

use crate::{
    run::events::Figures,
    study::{
        evidence::{Evidence, Gradients},
        results::{Compared, RowResult},
        verdict::JudgedOn,
    },
};

/// File name of a comparison's learning curves: `curves.svg`, then `curves-2.svg` and so on.
pub fn curves_file(number: usize) -> String {
    match number {
        0 => "curves.svg".into(),
        _ => format!("curves-{}.svg", number + 1),
    }
}

/// File name of a comparison's gradient norms: `gradients.svg`, then `gradients-2.svg` and so on.
pub fn gradients_file(number: usize) -> String {
    match number {
        0 => "gradients.svg".into(),
        _ => format!("gradients-{}.svg", number + 1),
    }
}

/// Training loss, and accuracy on validation data or else on test data, per epoch, one series per configuration, averaged over the
/// seeds.
pub fn curves(compared: &Compared<'_>) -> Chart {
    // Epochs are compared on the data that configurations are judged on.
    let on = JudgedOn::of(compared);
    let accuracy = |figures: &Figures| on.accuracy(figures).unwrap_or(f64::NAN);
    let panel = |title: &str, figure: &dyn Fn(&Figures) -> f64| {
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
            panel("train loss", &|f| f.train_loss),
            panel(&format!("{} accuracy", on.name()), &accuracy),
        ],
    }
}

/// Gradient norm of each weight, from the first weight of the model to the last, one series per
/// configuration, before and after training.
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
            title: format!("gradient norm {title}"),
            x: Axis::linear("weight, from input to output"),
            y: Axis::log(),
            lines: evidence.iter().enumerate().filter_map(line).collect(),
        }
    };
    Chart {
        title: compared.comparison.title.clone(),
        series: compared.rows.iter().map(|row| row.row.name()).collect(),
        panels: vec![
            panel("before training", |gradients| gradients.start.as_ref()),
            panel("after training", |gradients| gradients.end.as_ref()),
        ],
    }
}
