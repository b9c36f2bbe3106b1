//! Failures of a check.

use std::fmt;

use tapeline_spec::Diagnostic;

/// A fault, and the case that shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The case: a spec, and an input shape without the batch.
    pub case: String,
    /// What was found and what was expected.
    pub found: String,
}

impl Failure {
    pub(super) fn new(case: impl Into<String>, found: impl Into<String>) -> Self {
        Failure {
            case: case.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.found)
    }
}

impl std::error::Error for Failure {}

/// Joins the errors of a spec into one line.
pub(super) fn list(errors: &[Diagnostic]) -> String {
    let lines: Vec<_> = errors.iter().map(Diagnostic::to_string).collect();
    lines.join("; ")
}
