//! What is written beside the runs.

use crate::{
    error::CliError,
    study::{charts, lines, results::Compared, store::Store},
};

/// The name of the picture of a comparison's curves: `curves.svg`, and numbers behind it from the second comparison on.
pub fn curves(number: usize) -> String {
    match number {
        0 => "curves.svg".into(),
        _ => format!("curves-{}.svg", number + 1),
    }
}

/// Writes tables and pictures of what is finished.
pub fn write(all: &[Compared<'_>], store: &Store) -> Result<(), CliError> {
    store.write("results.csv", lines::csv(all).as_bytes())?;
    store.write("results.jsonl", lines::jsonl(all)?.as_bytes())?;
    for (number, compared) in all.iter().enumerate() {
        store.write(&curves(number), charts::curves(compared).svg().as_bytes())?;
    }
    Ok(())
}
