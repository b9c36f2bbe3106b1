//! Output of results to stdout.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use tapeline_experiments::{
    escape,
    run::events::{Event, json_line},
};

use crate::program::error::CliError;

/// Writes text that may have several lines, escaped for a terminal.
pub fn text(text: &str) -> Result<(), CliError> {
    raw(&escape::lines(text))
}

/// Writes text unchanged, either for programs or with colours.
pub fn raw(text: &str) -> Result<(), CliError> {
    Ok(write(text)?)
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Writes a value as one line of JSON. A number that is not finite becomes `null`.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    raw(&json_line(value)?)
}

/// Writes JSON events to stdout.
pub struct Events {
    /// Whether events are wanted and the reader has not closed the pipe.
    open: bool,
}

impl Events {
    pub fn new(wanted: bool) -> Self {
        Events { open: wanted }
    }

    /// Writes an event, if events are wanted. A closed pipe doesn't end the run.
    ///
    /// # Errors
    /// When writing to stdout fails for any other reason.
    pub fn tell(&mut self, event: &Event<'_>) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        let line = json_line(event).map_err(io::Error::other)?;
        match write(&line) {
            Err(reason) if reason.kind() == ErrorKind::BrokenPipe => {
                self.open = false;
                Ok(())
            }
            result => result,
        }
    }
}
