//! The error of every experiment.

use std::{error, fmt, io};

use tapeline_data::DataError;
use tapeline_models::{FileError, NotFinite};
use tapeline_spec::{SpecError, Style};

/// Why an experiment cannot be run. It is displayed as the command line shows it: the problem, for a
/// spec with an excerpt and carets, and then advice.
#[derive(Debug)]
pub enum Error {
    /// A message, optionally with help.
    Plain {
        /// The kind of failure.
        kind: ErrorKind,
        /// The problem, without a full stop.
        message: String,
        /// Advice on how to fix it.
        help: Option<String>,
    },
    /// Errors at places in a spec.
    Spec {
        /// The file or option that contains the spec; `None` for the model itself.
        origin: Option<String>,
        /// The spec and its errors.
        error: SpecError,
    },
    /// An observer of training failed, for example because it can't write its output.
    Observer {
        /// What the observer returned.
        reason: io::Error,
        /// Advice on how to continue.
        help: Option<String>,
    },
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The operating system refused something that should always work.
    Internal,
    /// A setting is invalid, or settings don't fit together.
    Usage,
    /// The dataset can't be read, or doesn't fit the model.
    Data,
    /// A model file or checkpoint can't be read, or doesn't fit the model.
    ModelFile,
    /// A value is not finite.
    Diverged,
    /// A file or folder can't be written.
    Unwritable,
}

impl Error {
    /// Creates an error of a kind.
    pub fn new(kind: ErrorKind, message: impl ToString) -> Self {
        Error::Plain {
            kind,
            message: message.to_string(),
            help: None,
        }
    }

    /// Creates an error of the operating system.
    pub fn internal(message: impl ToString) -> Self {
        Error::new(ErrorKind::Internal, message)
    }

    /// Creates an error in the settings.
    pub fn usage(message: impl ToString) -> Self {
        Error::new(ErrorKind::Usage, message)
    }

    /// Creates an error in the dataset.
    pub fn data(message: impl ToString) -> Self {
        Error::new(ErrorKind::Data, message)
    }

    /// Creates an error in a model file.
    pub fn model_file(message: impl ToString) -> Self {
        Error::new(ErrorKind::ModelFile, message)
    }

    /// Creates the error for a value that is not finite.
    pub fn diverged(message: impl ToString) -> Self {
        Error::new(ErrorKind::Diverged, message)
    }

    /// Creates the error for a file or folder that can't be written.
    pub fn unwritable(message: impl ToString) -> Self {
        Error::new(ErrorKind::Unwritable, message)
    }

    /// Creates the error for an observer that failed.
    pub fn observer(reason: io::Error) -> Self {
        Error::Observer { reason, help: None }
    }

    /// Sets the advice on how to fix the error. Errors in specs have their own.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let Error::Plain { help, .. } | Error::Observer { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Plain { kind, .. } => *kind,
            Error::Spec { .. } => ErrorKind::Usage,
            Error::Observer { .. } => ErrorKind::Internal,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Plain { message, help, .. } => {
                f.write_str(message)?;
                help.iter()
                    .try_for_each(|help| write!(f, "\n  help: {help}"))
            }
            Error::Spec { origin, error } => {
                f.write_str(&error.render(origin.as_deref(), Style { colored: false }))
            }
            Error::Observer { reason, .. } => {
                write!(f, "the observer of training failed: {reason}")
            }
        }
    }
}

impl error::Error for Error {}

/// Wraps an error in the spec given by an option.
pub fn in_option(option: &str) -> impl Fn(SpecError) -> Error {
    move |error| Error::Spec {
        origin: Some(option.into()),
        error,
    }
}

/// Describes an error in a TOML file with this text: line, key and message.
pub fn in_toml(text: &str, error: &toml::de::Error) -> String {
    let (span, message) = (error.span().unwrap_or(0..0), error.message());
    let line = text
        .get(..span.start)
        .map_or(0, |before| before.matches('\n').count());
    // A missing key is an error of the whole table, which spans several lines.
    let is_table = text.get(span).is_some_and(|text| text.contains('\n'));
    let key = text.lines().nth(line).and_then(|line| line.split_once('='));
    let key = key
        .map(|(key, _)| format!("`{}`", key.trim()))
        .filter(|key| !is_table && key != "``" && !message.contains(key));
    let key = key.map_or_else(String::new, |key| key + ": ");
    format!("line {}: {key}{message}", line + 1)
}

/// The error for a model that computes a value that is not finite. Its weights are finite, or it
/// would not have been loaded. `of` is the model, or the image whose output is not finite.
pub fn not_finite(of: impl fmt::Display, found: &NotFinite) -> Error {
    Error::diverged(format!("{of}: {found}")).help(
        "the weights are finite, but so large that the computation overflows: train with a smaller `--lr`",
    )
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Spec(error) => Error::Spec {
                origin: Some("--data".into()),
                error,
            },
            DataError::Invalid {
                file,
                problem,
                help,
            } => Error::Plain {
                kind: ErrorKind::Data,
                message: format!("{}: {problem}", file.display()),
                help,
            },
            error => Error::data(error),
        }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error.unwritable {
            true => Error::unwritable(error),
            false => Error::model_file(error),
        }
    }
}
