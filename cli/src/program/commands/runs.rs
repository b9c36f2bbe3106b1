//! `tapeline runs`

use std::path::PathBuf;

use clap::Args;
use tapeline_experiments::run::list::{list, table};

use crate::program::{context::Context, error::CliError, output};

#[derive(Args)]
#[command(
    after_help = "The accuracies are those of the epoch shown: the best on validation data, or else the last.\n\nExample:\n  tapeline runs\n  tapeline runs --json"
)]
pub struct Runs {
    /// Folder that contains the runs
    #[arg(value_name = "FOLDER", default_value = "runs")]
    folder: PathBuf,
    /// Print JSON, one line per run
    #[arg(long)]
    json: bool,
}

impl Runs {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let runs = list(&self.folder, cx)?;
        match self.json {
            true => runs.iter().try_for_each(output::json),
            false => output::text(&table(&runs)),
        }
    }
}
