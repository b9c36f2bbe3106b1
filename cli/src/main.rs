//! The command line of Tapeline: trains neural networks described in one line of text.
//!
//! It reads arguments and files, calls the libraries, and prints the results. Results go to stdout,
//! everything else to stderr.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | the list of commands |
//! | [`commands`] | the commands, one file each |
//! | [`context`] | state passed to every command: the registries, the terminal |
//! | [`error`] | errors that end the program, and their exit codes |
//! | [`escape`], [`shell`] | escaping of untrusted text; quoting of shell commands |
//! | [`terminal`], [`output`] | stderr and stdout; options of every command |
//! | [`numbers`], [`bytes`] | parsers of numeric options |
//! | [`stored_path`] | paths in TOML and JSON |
//! | [`model_arg`], [`data_arg`] | the MODEL and DATA arguments |
//! | [`training`] | a single run: from options to a run folder |
//! | [`report`] | the report: a study defined in a file, written as Markdown |
//! | [`study`] | comparisons of several runs |
//! | [`page`] | a study with its results as one HTML file |
//! | [`plots`] | charts, as SVG and in a terminal |
//! | [`folder`] | the pictures in a folder |
//! | [`pictures`] | PNG, JPEG and IDX files as inputs of a model |
//! | [`table`] | tables as aligned columns of text |

mod bytes;
mod cli;
mod commands;
mod context;
mod data_arg;
mod error;
mod escape;
mod folder;
mod model_arg;
mod numbers;
mod output;
mod page;
mod pictures;
mod plots;
mod report;
mod shell;
mod stored_path;
mod study;
mod table;
mod terminal;
mod training;

use std::{panic, process::ExitCode};

use crate::{
    cli::Cli,
    context::Context,
    error::CliError,
    terminal::{Common, Terminal},
};

fn main() -> ExitCode {
    // A panic is a bug in this program. Its message has already been printed; only the exit code
    // remains.
    panic::catch_unwind(run).unwrap_or(ExitCode::from(error::Kind::Internal as u8))
}

fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let terminal = Terminal::new(&Common::new(cli::color_asked()));
            return ended(cli::tell(&error, &terminal), &terminal);
        }
    };
    let cx = Context::new(&cli.common);
    ended(commands::run(cli.command, &cx), &cx.terminal)
}

fn ended(result: Result<(), CliError>, terminal: &Terminal) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            error.exit_code()
        }
    }
}
