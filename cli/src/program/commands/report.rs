//! `tapeline report`

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use tapeline_experiments::{
    Session,
    report::definition::{self, Definition, REPORTS},
    session::Limits,
};

use crate::program::{
    commands::study::{CrewArgs, given, run},
    context::Context,
    error::CliError,
    options::DataArgs,
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline report --quick --out runs/report\n  tapeline report residual --out runs/residual"
)]
pub struct Report {
    /// Name of the report
    #[arg(default_value = REPORTS[0].name, value_parser = PossibleValuesParser::new(REPORTS.map(|report| report.name)))]
    name: String,
    /// Folder for runs and report; finished runs are reused
    #[arg(long, value_name = "FOLDER", default_value = "report")]
    out: PathBuf,
    /// Use fewer seeds and epochs, as set in the file: takes minutes
    #[arg(long)]
    quick: bool,
    /// Also train the configurations that take long
    #[arg(long)]
    extra: bool,
    /// TOML file of comparisons, instead of a built-in report
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
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
        let mut reports = REPORTS.iter();
        let built_in = reports.find(|report| report.name == self.name);
        let from = match &self.from {
            Some(file) => Definition::File(file),
            None => Definition::BuiltIn(built_in.unwrap_or(&REPORTS[0])),
        };
        let mut study = definition::read(from, self.quick)?;
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
