//! The command line of Tapeline: one line of text becomes a trained classifier.
//!
//! It reads arguments and files, calls the libraries, and shows what came out. Results go to stdout, everything else to stderr.
//!
//! | module | what it holds |
//! |---|---|
//! | [`cli`] | the list of commands |
//! | [`commands`] | the commands, one file each |
//! | [`context`] | what every command is given: the registries, the terminal |
//! | [`error`] | what ends the program, and its exit code |
//! | [`render`] | a diagnostic as text, with carets under the place |
//! | [`escape`], [`shell`] | text from outside, as it is shown; commands, as a shell reads them |
//! | [`terminal`], [`output`] | stderr and stdout; what every command takes |
//! | [`numbers`], [`bytes`] | numbers given as options |
//! | [`stored_path`] | paths in TOML and JSON |
//! | [`model_arg`], [`data_arg`] | MODEL and DATA |
//! | [`training`] | one training: from options to a run folder |
//! | [`report`] | the report: a study read from a file, as Markdown |
//! | [`study`] | trainings side by side |
//! | [`page`] | a study with its results as one HTML file |
//! | [`plots`] | charts, as SVG and in a terminal |
//! | [`folder`] | the pictures in a folder |
//! | [`pictures`] | PNG, JPEG and IDX files as inputs of a model |
//! | [`table`] | columns of text |

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
mod render;
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
    // A panic is a fault of this program. Its message is out already; what remains is the exit code.
    panic::catch_unwind(run).unwrap_or(ExitCode::from(error::Kind::Internal as u8))
}

fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(told) => {
            let terminal = Terminal::new(&Common::new(cli::color_asked()));
            return ended(cli::tell(&told, &terminal), &terminal);
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
