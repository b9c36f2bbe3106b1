//! `tapeline data list`, `tapeline data verify`

use std::ffi::{OsStr, OsString};

use clap::{Args, Subcommand};
use tapeline_data::{FileReport, known, verify};
use tapeline_experiments::table::Table;

use crate::{
    context::Context,
    error::{CliError, DATA},
    output,
};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline data verify mnist")]
pub struct Data {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the known datasets
    List,
    /// Read all files; show image counts and SHA-256 checksums
    #[command(after_help = "Example:\n  tapeline data verify mnist path/to/folder")]
    Verify {
        /// Names or folders [default: all available datasets]
        #[arg(value_name = "DATA")]
        data: Vec<OsString>,
    },
}

impl Data {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        match &self.action {
            Action::List => list(),
            Action::Verify { data } if data.is_empty() => {
                let there = known().into_iter().filter(|known| known.available);
                verify_all(
                    there
                        .map(|known| known.name.into())
                        .collect::<Vec<_>>()
                        .iter(),
                    cx,
                )
            }
            Action::Verify { data } => verify_all(data.iter(), cx),
        }
    }
}

fn list() -> Result<(), CliError> {
    let mut table = Table::new(&["name", "available", "description", "source"]);
    for known in known() {
        let available = if known.available { "yes" } else { "no" };
        table.row([known.name, available, known.about, known.from].map(String::from));
    }
    output::text(&table.to_string())
}

/// Verifies each source, and fails if there is a problem in any.
fn verify_all<'a>(
    sources: impl Iterator<Item = &'a OsString>,
    cx: &Context,
) -> Result<(), CliError> {
    let mut table = Table::new(&["file", ">count", ">bytes", "sha256", "ok"]);
    let mut all_ok = true;
    for source in sources {
        for report in verify(OsStr::new(source))? {
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
