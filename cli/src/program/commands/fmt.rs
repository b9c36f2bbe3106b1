//! `tapeline fmt`

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::Args;
use tapeline_data::atomic;
use tapeline_experiments::{
    Error,
    error::ErrorKind,
    run::spec_file::{read_spec, spec_in},
    settings::named::named,
};
use tapeline_spec::reformat;

use crate::program::{context::Context, error::CliError, output};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline fmt nets.spec\n  tapeline fmt --check nets.spec")]
pub struct Fmt {
    /// Spec files; `-` reads standard input and prints the result
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; list the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let mut changed = false;
        for file in &self.files {
            let text = read(file)?;
            let done = formatted(&text, file)?;
            changed |= done != text;
            match (self.check, is_stdin(file)) {
                (true, _) if done != text => {
                    cx.terminal
                        .line(&format!("{}: not formatted", file.display()));
                }
                (true, _) => {}
                (false, true) => output::raw(&done)?,
                (false, false) if done != text => {
                    atomic::write(file, done.as_bytes()).map_err(|reason| {
                        let message = format!("{}: cannot write: {reason}", file.display());
                        Error::new(ErrorKind::Unwritable, message)
                    })?;
                }
                (false, false) => {}
            }
        }
        match self.check && changed {
            true => Err(CliError::Reported(1)),
            false => Ok(()),
        }
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> Result<String, CliError> {
    Ok(match is_stdin(file) {
        true => read_spec(io::stdin().lock(), file)?,
        false => spec_in(file)?,
    })
}

/// Returns the text of a file in the canonical layout.
fn formatted(text: &str, file: &Path) -> Result<String, CliError> {
    if named(text).is_some() {
        let message = format!("{}: holds named specs", file.display());
        let help = "`fmt` lays out a single spec, or definitions: `let name = [ … ];`";
        return Err(CliError::usage(message).help(help));
    }
    Ok(reformat(text).map_err(|error| Error::Spec {
        origin: Some(file.display().to_string()),
        error,
    })?)
}
