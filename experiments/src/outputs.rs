//! The output files of a study.

use crate::{
    context::Context,
    error::Error,
    page::page,
    report::markdown::markdown,
    run::dataset::TrainingData,
    study::{Study, charts, evidence, lines, results::Compared, store::Store},
};

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
) -> Result<(), Error> {
    store.write("results.csv", lines::csv(study, all).as_bytes())?;
    store.write("results.jsonl", lines::jsonl(study, all)?.as_bytes())?;
    let evidence = evidence::gather(all, data, cx)?;
    for (number, (compared, evidence)) in all.iter().zip(&evidence).enumerate() {
        let picture = charts::curves(compared).svg();
        store.write(&charts::curves_file(number), picture.as_bytes())?;
        if compared.comparison.gradients {
            let picture = charts::gradients(compared, evidence).svg();
            store.write(&charts::gradients_file(number), picture.as_bytes())?;
        }
    }
    if study.recipe.is_some() {
        store.write("report.md", markdown(study, all).as_bytes())?;
    }
    store.write("report.html", page(study, all, &evidence).as_bytes())
}
