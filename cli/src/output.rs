//! Output of results to stdout.

use std::io::{self, Write};

use serde::Serialize;

use crate::{error::CliError, escape};

/// Writes text that may have several lines, escaped for a terminal.
pub fn text(text: &str) -> Result<(), CliError> {
    raw(&escape::lines(text))
}

/// Writes text unchanged, either for programs or with colours.
pub fn raw(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

/// Writes a value as one line of JSON. A number that is not finite becomes `null`.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    raw(&json_line(value)?)
}

/// Serializes a value as one line of JSON, including the line break.
pub fn json_line(value: &impl Serialize) -> Result<String, CliError> {
    let line = serde_json::to_string(value).map_err(CliError::internal)?;
    Ok(line + "\n")
}
