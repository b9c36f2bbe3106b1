//! `tapeline data`, `tapeline data NAME`, `tapeline data verify DATA`, `tapeline data show DATA`

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use tapeline_data::{DataSource, DatasetDef, FileReport, LoadOptions};
use tapeline_experiments::{run::dataset::DataChoice, sheet, table::Table};
use tapeline_models::shape_text;
use tapeline_spec::Registry;

use crate::program::{
    commands::registry::Name,
    context::Context,
    error::{CliError, DATA},
    output,
};

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  tapeline data images\n  tapeline data show mnist --out sheet.png"
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
    /// Count the images of each class; draw the first of each as a contact sheet
    #[command(after_help = "Example:\n  tapeline data show mnist --out sheet.png")]
    Show {
        /// Name, call or path
        #[arg(value_name = "DATA")]
        data: OsString,
        /// Write the contact sheet of the training data to this PNG file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
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
            Some(Action::Show { data, out }) => show(data, out.as_deref(), cx),
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
            for warning in &report.warnings {
                cx.messages.warn(warning);
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

/// Prints the number of images of each class in each part, and draws the training data.
fn show(source: &OsStr, out: Option<&Path>, cx: &Context) -> Result<(), CliError> {
    let choice = DataChoice {
        data: Some(source.into()),
        transpose: None,
    };
    let loaded = choice.choose([])?.load(cx)?;
    if let Some(file) = out {
        sheet::write(&loaded.train, file)?;
    }
    let parts = loaded.parts();
    let headings: Vec<_> = parts.iter().map(|(part, _)| format!(">{part}")).collect();
    let headings = headings.iter().map(String::as_str);
    let mut table = Table::new(&["class"].into_iter().chain(headings).collect::<Vec<_>>());
    let counts: Vec<_> = parts.iter().map(|(_, data)| sheet::counts(data)).collect();
    for (i, class) in loaded.train.classes.iter().enumerate() {
        let images = counts.iter().map(|counts| counts[i].images.to_string());
        table.row([class.clone()].into_iter().chain(images));
    }
    let sums = parts.iter().map(|(_, data)| data.len().to_string());
    table.row(["all".to_string()].into_iter().chain(sums));
    let shape = shape_text(&loaded.train.shape());
    output::text(&format!("{}: images of {shape}\n\n{table}", loaded.name))
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
