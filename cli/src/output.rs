//! Results, on stdout.

use std::io::{self, Write};

use serde::Serialize;

use crate::{error::CliError, escape};

/// Writes lines of text.
pub fn text(text: &str) -> Result<(), CliError> {
    raw(&escape::lines(text))
}

/// Writes a text as it is: for programs, or in colour.
pub fn raw(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

/// Writes a value as one line of JSON; a number that is not finite is `null`.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    raw(&json_line(value)?)
}

/// A value as one line of JSON, with its line break.
pub fn json_line(value: &impl Serialize) -> Result<String, CliError> {
    let line = serde_json::to_string(value).map_err(CliError::internal)?;
    Ok(line + "\n")
}
