//! `tapeline data`, `tapeline data NAME`, `tapeline data verify DATA`

use std::ffi::{OsStr, OsString};

use clap::{Args, Subcommand};
use tapeline_data::{DataSource, DatasetDef, FileReport, LoadOptions};
use tapeline_experiments::table::Table;
use tapeline_spec::Registry;

use crate::{
    commands::registry::Name,
    context::Context,
    error::{CliError, DATA},
    output,
};

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  tapeline data images\n  tapeline data verify mnist"
)]
pub struct Data {
    #[command(flatten)]
    name: Name,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Read all files; report every fault, image counts and SHA-256 checksums
    #[command(
        after_help = "Example:\n  tapeline data verify mnist path/to/folder 'images(\"photos\")'"
    )]
    Verify {
        /// Names, calls or paths [default: all available datasets]
        #[arg(value_name = "DATA")]
        data: Vec<OsString>,
    },
}

impl Data {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        match &self.action {
            None if self.name.is_given() => self.name.run(&cx.datasets),
            None => list(&cx.datasets),
            Some(Action::Verify { data }) if data.is_empty() => {
                let there = cx.datasets.iter().filter(|def| def.is_available());
                let names: Vec<OsString> = there.map(|def| def.name.into()).collect();
                verify_all(&names, cx)
            }
            Some(Action::Verify { data }) => verify_all(data, cx),
        }
    }
}

fn list(datasets: &Registry<DatasetDef>) -> Result<(), CliError> {
    let mut table = Table::new(&["name", "available", "description", "source"]);
    for def in datasets.iter() {
        let (available, origin) = match def.takes_path() {
            true => ("-", "a path"),
            false if def.is_available() => ("yes", def.origin),
            false => ("no", def.origin),
        };
        table.row([def.name, available, def.about, origin].map(String::from));
    }
    output::text(&table.to_string())
}

/// Verifies each source, and fails if there is a problem in any.
fn verify_all(sources: &[OsString], cx: &Context) -> Result<(), CliError> {
    let mut table = Table::new(&["file", ">count", ">bytes", "sha256", "ok"]);
    let mut all_ok = true;
    for source in sources {
        for report in verify(source, cx)? {
            all_ok &= report.ok;
            if let Some(problem) = problem(&report) {
                cx.terminal.error(&CliError::data(problem));
            }
            let ok = if report.ok { "yes" } else { "NO" };
            table.row([
                report.name,
                report.count.to_string(),
                report.size.to_string(),
                report.sha256,
                ok.into(),
            ]);
        }
    }
    output::text(&table.to_string())?;
    match all_ok {
        true => Ok(()),
        false => Err(CliError::Reported(DATA)),
    }
}

fn verify(source: &OsStr, cx: &Context) -> Result<Vec<FileReport>, CliError> {
    let progress = |done, all| cx.messages.reading(done, all);
    let options = LoadOptions {
        progress: Some(&progress),
        ..LoadOptions::default()
    };
    Ok(DataSource::find(source, &cx.datasets)?.verify(&options)?)
}

fn problem(report: &FileReport) -> Option<String> {
    match (&report.problem, report.expected) {
        (Some(problem), _) => Some(problem.to_string()),
        (None, Some(expected)) if !report.ok => Some(format!(
            "{}: SHA-256 is {}, expected {expected}",
            report.name, report.sha256
        )),
        _ => None,
    }
}
