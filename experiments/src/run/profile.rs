//! The training time of each layer.

use std::time::Duration;

use serde::Serialize;
use tapeline_layers::Plan;
use tapeline_tensor::{Profile, profile::Entry};

use crate::table::{Table, percent};

/// The cost of one part of a step, averaged over the steps.
#[derive(Serialize)]
pub struct StepPart {
    /// The layer as in `summary`, or `gather`, `loss`, `update`.
    pub layer: String,
    /// Time of the forward pass, in microseconds per step.
    pub forward_microseconds: f64,
    /// Time of the backward pass, in microseconds per step.
    pub backward_microseconds: f64,
    /// Fraction of the total time of all parts.
    pub share: f64,
    /// Speed if all products were dense; `None` if the part has none.
    pub gflops: Option<f64>,
    /// Bytes allocated from the system over all steps, because no recycled buffer was large enough.
    pub fresh_bytes: u64,
}

/// Returns the parts of a step in order, for training on `samples` samples in `steps` steps.
pub fn parts(profile: &Profile, plan: &Plan, samples: u64, steps: u64) -> Vec<StepPart> {
    let total: Duration = profile.entries().iter().map(time).sum();
    let part = |layer: &str, multiply_adds: u64, takes: &dyn Fn(&Entry) -> bool| {
        let entries = || profile.entries().iter().filter(|entry| takes(entry));
        let forward: Duration = entries().map(|entry| entry.forward).sum();
        let backward: Duration = entries().map(|entry| entry.backward).sum();
        let time = (forward + backward).as_secs_f64();
        let mean = |time: Duration| time.as_secs_f64() * 1e6 / steps.max(1) as f64;
        StepPart {
            layer: layer.into(),
            forward_microseconds: mean(forward),
            backward_microseconds: mean(backward),
            share: time / total.as_secs_f64().max(f64::MIN_POSITIVE),
            gflops: (multiply_adds > 0 && time > 0.0)
                .then(|| 2.0 * multiply_adds as f64 * samples as f64 / time / 1e9),
            fresh_bytes: entries().map(|entry| entry.fresh_bytes).sum(),
        }
    };
    let outside =
        |entry: &Entry, ops: &[&str]| entry.place.scope.is_none() && ops.contains(&entry.place.op);
    const STEP: [&str; 2] = ["gather", "update"];

    let mut parts = vec![part("gather", 0, &|entry| outside(entry, &["gather"]))];
    let mut first = true;
    for row in &plan.rows {
        // The forward pass, the gradient of the weights, and the gradient of the input, which the
        // first layer with weights doesn't need.
        let products = if first { 2 } else { 3 };
        first &= row.multiply_adds == 0;
        let layer = format!("{} {}", row.path, row.text);
        parts.push(part(&layer, products * row.multiply_adds, &|entry| {
            entry.place.scope.as_ref() == Some(&row.scope)
        }));
    }
    parts.push(part("loss", 0, &|entry| {
        entry.place.scope.is_none() && !outside(entry, &STEP)
    }));
    parts.push(part("update", 0, &|entry| outside(entry, &["update"])));
    parts
}

fn time(entry: &Entry) -> Duration {
    entry.forward + entry.backward
}

/// Formats the parts for people.
pub fn table(parts: &[StepPart]) -> String {
    let mut table = Table::new(&[
        "microseconds per step",
        ">forward",
        ">backward",
        ">share",
        ">GFLOP/s",
        ">allocated bytes",
    ]);
    let cells = |part: &StepPart| {
        [
            part.layer.clone(),
            format!("{:.1}", part.forward_microseconds),
            format!("{:.1}", part.backward_microseconds),
            percent(part.share),
            part.gflops
                .map_or_else(|| "-".into(), |speed| format!("{speed:.1}")),
            part.fresh_bytes.to_string(),
        ]
    };
    parts.iter().for_each(|part| table.row(cells(part)));
    let sum = |f: fn(&StepPart) -> f64| parts.iter().map(f).sum();
    table.row(cells(&StepPart {
        layer: "total".into(),
        forward_microseconds: sum(|part| part.forward_microseconds),
        backward_microseconds: sum(|part| part.backward_microseconds),
        share: sum(|part| part.share),
        gflops: None,
        fresh_bytes: parts.iter().map(|part| part.fresh_bytes).sum(),
    }));
    table.to_string()
}
