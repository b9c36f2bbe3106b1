//! The error of every function that reads a text.

use std::fmt;

use crate::{Diagnostic, Style};

/// The errors in a text, or warnings about it.
///
/// It is displayed as a command line would show it: each diagnostic with an excerpt of the text
/// and carets under the location. The debug format is the same, so that `unwrap` and a `main` that
/// returns it show it, too.
///
/// ```
/// use tapeline_spec::{Diagnostic, Span, SpecError};
///
/// let unknown = Diagnostic::error(Span { start: 5, end: 13 }, "unknown layer `maxpol2d`");
/// let unknown = unknown.help("did you mean `maxpool2d`?");
/// let error = SpecError::new("relu maxpol2d(2)", vec![unknown]);
/// assert_eq!(error.to_string(), "\
/// error: unknown layer `maxpol2d`
///   │ relu maxpol2d(2)
///   │      ^^^^^^^^ help: did you mean `maxpool2d`?");
/// assert_eq!(error.summary(), "unknown layer `maxpol2d`; did you mean `maxpool2d`?");
/// ```
#[derive(Clone, PartialEq)]
pub struct SpecError {
    /// The text.
    pub text: String,
    /// The errors or warnings; their spans are byte offsets in `text`.
    pub diagnostics: Vec<Diagnostic>,
}

impl SpecError {
    /// Creates an error about `text`.
    pub fn new(text: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Self {
        SpecError {
            text: text.into(),
            diagnostics,
        }
    }

    /// Formats all diagnostics, separated by empty lines. `origin` names the file or option that
    /// contains the text, and is shown above each excerpt.
    pub fn render(&self, origin: Option<&str>, style: Style) -> String {
        let diagnostics = self.diagnostics.iter();
        let shown = diagnostics.map(|diagnostic| diagnostic.render(&self.text, origin, style));
        shown.collect::<Vec<_>>().join("\n\n")
    }

    /// Formats all diagnostics on one line, without excerpts.
    pub fn summary(&self) -> String {
        let diagnostics: Vec<_> = self.diagnostics.iter().map(Diagnostic::to_string).collect();
        diagnostics.join("; ")
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(None, Style { colored: false }))
    }
}

impl fmt::Debug for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // On a line of its own, since the caller usually writes something before it.
        write!(f, "\n{self}")
    }
}

impl std::error::Error for SpecError {}
