//! The output files of a study.

use crate::{
    context::Context,
    data_arg::TrainingData,
    error::CliError,
    page::page,
    study::{Study, charts, evidence, lines, results::Compared, store::Store},
};

/// File name of a comparison's learning curves: `curves.svg`, then `curves-2.svg` and so on.
pub fn curves(number: usize) -> String {
    match number {
        0 => "curves.svg".into(),
        _ => format!("curves-{}.svg", number + 1),
    }
}

/// File name of a comparison's gradient norms: `gradients.svg`, then `gradients-2.svg` and so on.
pub fn gradients(number: usize) -> String {
    match number {
        0 => "gradients.svg".into(),
        _ => format!("gradients-{}.svg", number + 1),
    }
}

/// Writes the tables, charts and HTML page of the finished runs.
///
/// # Errors
/// If the files of a run can't be read, or an output file can't be written.
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
