//! The errors that end the program, and their exit codes.

use std::{io, process::ExitCode};

use tapeline_data::DataError;
use tapeline_experiments::error::{Error, ErrorKind};
use tapeline_models::FileError;
use tapeline_spec::NO_ALTERNATIVES;

/// An error that ends a command.
#[derive(Debug)]
pub enum CliError {
    /// An error with a message.
    Failed(Error),
    /// Writing to standard output failed.
    Output {
        reason: io::Error,
        help: Option<String>,
    },
    /// The error has already been reported; only the exit code remains.
    Reported(u8),
}

/// The exit code of a panic, which is a bug.
pub const PANIC: u8 = code(ErrorKind::Internal);

/// The exit code of errors in the data.
pub const DATA: u8 = code(ErrorKind::Data);

/// The exit code of errors in the arguments.
pub const USAGE: u8 = code(ErrorKind::Usage);

/// The exit code for a kind of failure.
const fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Internal => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Data => 3,
        ErrorKind::ModelFile => 4,
        ErrorKind::Diverged => 5,
        ErrorKind::Unwritable => 6,
    }
}

impl CliError {
    pub fn internal(message: impl ToString) -> Self {
        Error::internal(message).into()
    }

    pub fn usage(message: impl ToString) -> Self {
        Error::usage(message).into()
    }

    pub fn data(message: impl ToString) -> Self {
        Error::data(message).into()
    }

    /// Adds advice on how to fix the error.
    pub fn help(self, text: impl Into<String>) -> Self {
        match self {
            CliError::Failed(error) => error.help(text).into(),
            CliError::Output { reason, .. } => CliError::Output {
                reason,
                help: Some(text.into()),
            },
            other => other,
        }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CliError::Failed(error) => code(error.kind()),
            // The reader closed the pipe, as in `tapeline layers | head -1`, which is not a
            // failure.
            CliError::Output { reason, .. } if reason.kind() == io::ErrorKind::BrokenPipe => 0,
            CliError::Output { .. } => code(ErrorKind::Internal),
            CliError::Reported(code) => *code,
        })
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        match error {
            // Observers of training write to standard output, and nothing else of theirs fails.
            Error::Observer { reason, help } => CliError::Output { reason, help },
            Error::Spec { origin, mut error } => {
                // The command that accepts alternatives is known here only.
                for diagnostic in &mut error.diagnostics {
                    if diagnostic.message == NO_ALTERNATIVES {
                        diagnostic.help = Some("use `compare`".into());
                    }
                }
                CliError::Failed(Error::Spec { origin, error })
            }
            error => CliError::Failed(error),
        }
    }
}

impl From<io::Error> for CliError {
    fn from(reason: io::Error) -> Self {
        CliError::Output { reason, help: None }
    }
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        Error::from(error).into()
    }
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> Self {
        Error::from(error).into()
    }
}
