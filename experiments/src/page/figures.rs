//! Charts with a legend that toggles their series.

use tapeline_plots::{
    Axis, Chart, Line, Panel,
    palette::{Part, classes, fallback},
};

use crate::{
    page::html::escaped,
    study::{
        charts,
        evidence::{Evidence, Gradients},
        results::Compared,
    },
};

/// CSS rules by which the checkboxes of a legend hide up to `count` series.
pub fn toggles(count: usize) -> String {
    let rule = |i| format!(".figures:has(.t{i}:not(:checked)) .s{i} {{ display: none }}\n");
    (0..count).map(rule).collect()
}

/// Training loss, and accuracy on validation data or else on test data, per epoch.
pub fn curves(number: usize, compared: &Compared<'_>) -> String {
    figures(&format!("curves-{number}"), charts::curves(compared))
}

/// Gradient norm of each weight, for all configurations.
pub fn gradients(number: usize, compared: &Compared<'_>, evidence: &[Option<Evidence>]) -> String {
    let chart = charts::gradients(compared, evidence);
    figures(&format!("gradients-{number}"), chart)
}

/// Gradient norm of each weight of one model by name, before and after training.
pub fn norms(gradients: &Gradients) -> String {
    let line = |norms: &Vec<f64>, dashed| Line {
        series: 0,
        points: (0..)
            .map(f64::from)
            .zip(gradients.of_weights(norms))
            .collect(),
        dashed,
    };
    let end = gradients.end.as_ref().map(|norms| line(norms, false));
    let start = gradients.start.as_ref().map(|norms| line(norms, true));
    let chart = Chart {
        title: "Gradient norm of each weight".into(),
        series: Vec::new(),
        panels: vec![Panel {
            title: String::new(),
            x: Axis {
                names: gradients.of_weights(&gradients.names),
                ..Axis::default()
            },
            y: Axis::log(),
            lines: end.into_iter().chain(start).collect(),
        }],
    };
    chart.inline()
}

/// The panels of a chart with a common legend.
fn figures(id: &str, chart: Chart) -> String {
    let entry = |(i, name): (usize, &String)| {
        let (name, classes, stroke) = (escaped(name), classes(i), fallback(Part::Stroke(i)));
        format!(
            "<label><input type=\"checkbox\" class=\"t{i}\" id=\"{id}-{i}\" checked=\"checked\"/>\
            <svg width=\"24\" height=\"10\" aria-hidden=\"true\"><line class=\"swatch {classes}\"{stroke} x1=\"0\" y1=\"5\" x2=\"24\" y2=\"5\"/></svg>\
            <span>{name}</span></label>\n"
        )
    };
    let legend: String = chart.series.iter().enumerate().map(entry).collect();
    let (title, series) = (chart.title, chart.series);
    let panels = chart.panels.into_iter().map(|panel| {
        let chart = Chart {
            title: format!("{title}: {}", panel.title),
            series: series.clone(),
            panels: vec![panel],
        };
        chart.inline()
    });
    let panels: String = panels.collect();
    format!(
        "<div class=\"figures\">\n<div class=\"panels\">\n{panels}</div>\n\
        <fieldset class=\"chart legend\">\n<legend>Configurations shown</legend>\n{legend}</fieldset>\n</div>\n"
    )
}
