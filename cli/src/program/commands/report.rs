//! `tapeline report`

use std::path::PathBuf;

use clap::Args;
use tapeline_experiments::{Session, report::definition, session::Limits};

use crate::program::{
    commands::study::{CrewArgs, given, run},
    context::Context,
    error::CliError,
    options::DataArgs,
};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline report --quick --out runs/report")]
pub struct Report {
    /// Folder for runs and report; finished runs are reused
    #[arg(long, value_name = "FOLDER", default_value = "report")]
    out: PathBuf,
    /// Use fewer seeds and epochs, as set in the file: takes minutes
    #[arg(long)]
    quick: bool,
    /// Also train the configurations that take long
    #[arg(long)]
    extra: bool,
    /// TOML file of comparisons [default: the built-in report]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    crew: CrewArgs,
    /// Train nothing; print a command for each unfinished run
    #[arg(long)]
    plan: bool,
}

impl Report {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let mut study = definition::read(self.from.as_deref(), self.quick)?;
        study.command = given();
        let limits = Limits {
            jobs: self.crew.crew().jobs,
            extra: self.extra,
            max_memory: None,
        };
        let chosen = self.data.choice().choose([])?;
        let session = Session::new(study, chosen, &self.out, limits, cx)?;
        run(&session, &self.crew, self.plan, false, cx)
    }
}
