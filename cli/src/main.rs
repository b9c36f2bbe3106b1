//! The command line of Tapeline: trains neural networks described in one line of text.
//!
//! It reads arguments and files, calls the libraries, and prints the results. Results go to stdout,
//! everything else to stderr.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | the list of commands |
//! | [`commands`] | the commands, one file each |
//! | [`completion`] | shell completion |
//! | [`context`] | state passed to every command: the registries, the terminal |
//! | [`error`] | errors that end the program, and their exit codes |
//! | [`options`], [`numbers`] | options of several commands; parsers of numeric options |
//! | [`terminal`], [`output`] | stderr and stdout |
//! | [`progress`], [`lines`] | the progress of a run |
//! | [`board`] | the progress of a study |
//! | [`signals`] | Ctrl-C, SIGTERM and SIGHUP |
//! | [`folder`], [`pictures`] | the pictures in a folder, and in a file |
//! | [`classifier`], [`unusual`] | classification of pictures; warnings about them |

mod board;
mod classifier;
mod cli;
mod commands;
mod completion;
mod context;
mod error;
mod folder;
mod lines;
mod numbers;
mod options;
mod output;
mod pictures;
mod progress;
mod signals;
mod terminal;
mod unusual;

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
    panic::catch_unwind(run).unwrap_or(ExitCode::from(error::PANIC))
}

fn run() -> ExitCode {
    completion::answer();
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
