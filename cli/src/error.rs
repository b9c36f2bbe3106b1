//! The errors that end the program, and their exit codes.

use std::{io, process::ExitCode};

use tapeline_data::DataError;
use tapeline_models::FileError;
use tapeline_spec::{NO_ALTERNATIVES, SpecError};

/// An error that ends a command.
#[derive(Debug)]
pub enum CliError {
    /// A message, optionally with help.
    Plain {
        kind: Kind,
        message: String,
        help: Option<String>,
    },
    /// Errors at places in a spec.
    Spec {
        /// The file or option that contains the spec; `None` for the MODEL argument itself.
        origin: Option<String>,
        error: SpecError,
    },
    /// Writing to standard output failed.
    Output(io::Error),
    /// The error has already been reported; only the exit code remains.
    Reported(u8),
}

/// Kinds of failure; the discriminant is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Internal = 1,
    Usage = 2,
    Data = 3,
    ModelFile = 4,
    Diverged = 5,
}

impl CliError {
    fn plain(kind: Kind, message: impl ToString) -> Self {
        CliError::Plain {
            kind,
            message: message.to_string(),
            help: None,
        }
    }

    pub fn internal(message: impl ToString) -> Self {
        CliError::plain(Kind::Internal, message)
    }

    pub fn usage(message: impl ToString) -> Self {
        CliError::plain(Kind::Usage, message)
    }

    pub fn data(message: impl ToString) -> Self {
        CliError::plain(Kind::Data, message)
    }

    pub fn model_file(message: impl ToString) -> Self {
        CliError::plain(Kind::ModelFile, message)
    }

    /// A value is not finite.
    pub fn diverged(message: impl ToString) -> Self {
        CliError::plain(Kind::Diverged, message)
    }

    /// An error in a spec, with the command that accepts alternatives if it is about those.
    pub fn spec(origin: Option<String>, mut error: SpecError) -> Self {
        for diagnostic in &mut error.diagnostics {
            if diagnostic.message == NO_ALTERNATIVES {
                diagnostic.help = Some("use `compare`".into());
            }
        }
        CliError::Spec { origin, error }
    }

    /// Adds advice on how to fix the error.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let CliError::Output(reason) = &self
            && reason.kind() != io::ErrorKind::BrokenPipe
        {
            self = CliError::internal(format!("cannot write to standard output: {reason}"));
        }
        if let CliError::Plain { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CliError::Plain { kind, .. } => *kind as u8,
            CliError::Spec { .. } => Kind::Usage as u8,
            // The reader closed the pipe, as in `tapeline layers | head -1`, which is not a
            // failure.
            CliError::Output(reason) if reason.kind() == io::ErrorKind::BrokenPipe => 0,
            CliError::Output(_) => Kind::Internal as u8,
            CliError::Reported(code) => *code,
        })
    }
}

/// Wraps an error in the spec given by an option.
pub fn in_option(option: &str) -> impl Fn(SpecError) -> CliError {
    move |error| CliError::spec(Some(option.into()), error)
}

/// Describes an error in a TOML file with this text: line, key and message.
pub fn in_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(0, |before| before.matches('\n').count());
    let (key, _) = text
        .lines()
        .nth(line)
        .and_then(|line| line.split_once('='))
        .unwrap_or_default();
    let (key, message) = (format!("`{}`", key.trim()), error.message());
    let key = match key == "``" || message.contains(&key) {
        true => String::new(),
        false => format!("{key}: "),
    };
    format!("line {}: {key}{message}", line + 1)
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        CliError::data(error)
    }
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> Self {
        CliError::model_file(error)
    }
}
