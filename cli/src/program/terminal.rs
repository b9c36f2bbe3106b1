//! Messages on stderr.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use clap::{Args, ColorChoice};
use tapeline_experiments::{Error, Messages, escape};
use tapeline_spec::{SpecError, Style};
use terminal_size::terminal_size_of;

use crate::program::error::CliError;

/// Options of every command.
#[derive(Args)]
pub struct Common {
    /// Hide progress, notes and warnings
    #[arg(
        short,
        long,
        global = true,
        display_order = 900,
        conflicts_with = "verbose"
    )]
    pub quiet: bool,
    /// Show more detail
    #[arg(short, long, global = true, display_order = 901)]
    pub verbose: bool,
    /// When to use colours: auto, always, never
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
    /// The default options with a choice of colours.
    pub fn new(color: ColorChoice) -> Self {
        Common {
            quiet: false,
            verbose: false,
            color,
        }
    }
}

/// The terminal: which messages are shown on stderr, and in which style.
#[derive(Clone, Copy)]
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

    /// Prints a line, regardless of verbosity.
    pub fn line(&self, text: &str) {
        self.styled(&escape::terminal(text));
    }

    /// Prints text that may have colours; untrusted text in it must already be escaped. A closed
    /// stderr is ignored.
    pub fn styled(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Returns the number of columns and rows, if stderr is a terminal.
    pub fn size(&self) -> Option<(usize, usize)> {
        let (columns, rows) = terminal_size_of(io::stderr())?;
        Some((columns.0.into(), rows.0.into()))
    }

    /// Prints text that only `-v` shows.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            text.lines().for_each(|line| self.line(line));
        }
    }

    fn plain_error(&self, message: &str, help: Option<&str>) {
        self.styled(&self.style.headed("error", message));
        if let Some(help) = help {
            self.styled(&format!("  {}", self.style.headed("help", help)));
        }
    }

    /// Prints an error that ends the program, or the processing of one of several files.
    pub fn error(&self, error: &CliError) {
        match error {
            CliError::Failed(Error::Plain { message, help, .. }) => {
                self.plain_error(message, help.as_deref());
            }
            CliError::Failed(Error::Spec { origin, error }) => {
                self.styled(&error.render(origin.as_deref(), self.style));
            }
            CliError::Output { reason, help }
            | CliError::Failed(Error::Observer { reason, help })
                if reason.kind() != io::ErrorKind::BrokenPipe =>
            {
                let message = format!("cannot write to standard output: {reason}");
                self.plain_error(&message, help.as_deref());
            }
            CliError::Output { .. }
            | CliError::Failed(Error::Observer { .. })
            | CliError::Reported(_) => {}
        }
    }
}

impl Messages for Terminal {
    fn note(&self, text: &str) {
        if !self.quiet {
            self.styled(&self.style.headed("note", text));
        }
    }

    fn warn(&self, text: &str) {
        if !self.quiet {
            self.styled(&self.style.headed("warning", text));
        }
    }

    fn reading(&self, done: usize, all: usize) {
        // Often enough to be seen, seldom enough to cost nothing.
        const EVERY: usize = 256;
        let is_shown = !self.quiet && io::stderr().is_terminal();
        if is_shown && (done.is_multiple_of(EVERY) || done == all) && all > EVERY {
            let end = if done == all { "\r\x1b[K" } else { "" };
            let _ = write!(
                io::stderr().lock(),
                "\rreading pictures: {done} of {all}{end}"
            );
        }
    }

    fn warn_spec(&self, origin: Option<&str>, warnings: &SpecError) {
        if !self.quiet && !warnings.diagnostics.is_empty() {
            self.styled(&warnings.render(origin, self.style));
        }
    }
}

/// Returns whether the environment allows colours: <https://no-color.org>.
fn colors_wanted() -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
