//! What is written beside the runs.

use crate::{
    context::Context,
    data_arg::TrainingData,
    error::CliError,
    page::page,
    study::{Study, charts, evidence, lines, results::Compared, store::Store},
};

/// The name of the picture of a comparison's curves: `curves.svg`, and numbers behind it from the second comparison on.
pub fn curves(number: usize) -> String {
    match number {
        0 => "curves.svg".into(),
        _ => format!("curves-{}.svg", number + 1),
    }
}

/// The name of the picture of a comparison's gradients, in the same way.
pub fn gradients(number: usize) -> String {
    match number {
        0 => "gradients.svg".into(),
        _ => format!("gradients-{}.svg", number + 1),
    }
}

/// Writes tables, pictures and the page of what is finished.
///
/// # Errors
/// When a run's files can't be read, or one of these can't be written.
pub fn write(
    study: &Study,
    all: &[Compared<'_>],
    data: &TrainingData,
    store: &Store,
    cx: &Context,
) -> Result<(), CliError> {
    store.write("results.csv", lines::csv(all).as_bytes())?;
    store.write("results.jsonl", lines::jsonl(all)?.as_bytes())?;
    let evidence = evidence::gather(all, data, cx)?;
    for (number, (compared, evidence)) in all.iter().zip(&evidence).enumerate() {
        let picture = charts::curves(compared).svg();
        store.write(&curves(number), picture.as_bytes())?;
        if compared.comparison.gradients {
            let picture = charts::gradients(compared, evidence).svg();
            store.write(&gradients(number), picture.as_bytes())?;
        }
    }
    store.write("report.html", page(study, all, &evidence).as_bytes())
}
