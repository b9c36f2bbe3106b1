//! Messages, on stderr.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use clap::{Args, ColorChoice};
use tapeline_models::SpecError;
use terminal_size::terminal_size_of;

use crate::{
    error::CliError,
    escape,
    render::{self, Style},
};

/// What every command takes.
#[derive(Args)]
pub struct Common {
    /// Show no progress, notes or warnings
    #[arg(
        short,
        long,
        global = true,
        display_order = 900,
        conflicts_with = "verbose"
    )]
    pub quiet: bool,
    /// Show more
    #[arg(short, long, global = true, display_order = 901)]
    pub verbose: bool,
    /// When to colour messages: auto, always, never
    #[arg(
        long,
        global = true,
        display_order = 902,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: ColorChoice,
}

impl Common {
    /// The defaults, with a choice of colours.
    pub fn new(color: ColorChoice) -> Self {
        Common {
            quiet: false,
            verbose: false,
            color,
        }
    }
}

/// The way to the user: what is shown, and how.
pub struct Terminal {
    pub quiet: bool,
    pub verbose: bool,
    pub style: Style,
}

impl Terminal {
    pub fn new(common: &Common) -> Self {
        let colored = match common.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => io::stderr().is_terminal() && colors_wanted(),
        };
        Terminal {
            quiet: common.quiet,
            verbose: common.verbose,
            style: Style { colored },
        }
    }

    /// A line, whatever the verbosity.
    pub fn line(&self, text: &str) {
        self.styled(&escape::terminal(text));
    }

    /// Lines with colours, in which all text from outside is escaped already. A stderr that is closed is no reason to stop.
    pub fn styled(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Its columns and rows, where stderr is a terminal.
    pub fn size(&self) -> Option<(usize, usize)> {
        let (columns, rows) = terminal_size_of(io::stderr())?;
        Some((columns.0.into(), rows.0.into()))
    }

    /// What the user may want to know.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.styled(&self.style.headed("note", text));
        }
    }

    /// What only `-v` shows.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            text.lines().for_each(|line| self.line(line));
        }
    }

    /// What is allowed, but hardly meant.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.styled(&self.style.headed("warning", text));
        }
    }

    /// Warnings about a text.
    pub fn warn_spec(&self, origin: Option<&str>, warnings: &SpecError) {
        if !self.quiet && !warnings.diagnostics.is_empty() {
            self.styled(render::all(origin, warnings, self.style).trim_end());
        }
    }

    /// The error that ends the program, or the work on one of several files.
    pub fn error(&self, error: &CliError) {
        match error {
            CliError::Plain { message, help, .. } => {
                self.styled(&self.style.headed("error", message));
                if let Some(help) = help {
                    self.styled(&format!("  {}", self.style.headed("help", help)));
                }
            }
            CliError::Spec { origin, error } => {
                self.styled(render::all(origin.as_deref(), error, self.style).trim_end());
            }
            CliError::Output(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
                let message = format!("standard output cannot be written: {reason}");
                self.styled(&self.style.headed("error", &message));
            }
            CliError::Output(_) | CliError::Reported(_) => {}
        }
    }
}

/// What the environment says: <https://no-color.org>.
fn colors_wanted() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
