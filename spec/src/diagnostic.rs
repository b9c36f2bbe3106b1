//! What is wrong with a text, and where.

use std::fmt;

use crate::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The text can't be used.
    Error,
    /// The text can be used, but is hardly meant so.
    Warning,
}

/// One thing that is wrong with a text. Shown as its message and, behind a semicolon, its help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its place.
    pub span: Span,
    /// What was found and what was expected: a sentence without a full stop.
    pub message: String,
    /// What the writer of the text can do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(span, message)
        }
    }

    /// The same with a help.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Diagnostic {
            help: Some(help.into()),
            ..self
        }
    }

    /// The same with a help if there is one to give.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Diagnostic { help, ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Gathers diagnostics up to a number that a person may still read.
#[derive(Default)]
pub(crate) struct Report(Vec<Diagnostic>);

impl Report {
    const MOST: usize = 20;

    /// Adds one; it is not even made when there are enough.
    pub fn add(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.0.len() < Report::MOST {
            self.0.push(diagnostic());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of their places.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by_key(|diagnostic| diagnostic.span.start);
        self.0
    }
}

/// A piece of text for a message, in back-quotes, cut when it is long.
///
/// ```
/// assert_eq!(tapeline_spec::quote("relu\x1b[31m"), r"`relu\u{1b}[31m`");
/// ```
pub fn quote(text: &str) -> String {
    format!("`{}`", clip(text))
}

/// A piece of text for a message, cut when it is long.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", printable(&text[..end])),
        None => printable(text),
    }
}

/// A text for a message, on one line: what is not [printable](is_printable) is written as its code.
///
/// ```
/// use tapeline_spec::printable;
///
/// assert_eq!(printable("\x1b[31m\n\u{202e}"), r"\u{1b}[31m\n\u{202e}");
/// assert_eq!(printable("cafe\u{301} \"漢\""), "cafe\u{301} \"漢\"");
/// ```
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_printable(c) {
            true => out.push(c),
            false => out.extend(c.escape_debug()),
        }
    }
    out
}

/// Whether a character shows as itself on a terminal: not if it is a control character, a mark of direction, a space other than the
/// ordinary one, or invisible.
pub fn is_printable(c: char) -> bool {
    match c {
        '"' | '\'' | '\\' => true,
        c if c.is_ascii() => c.is_ascii_graphic() || c == ' ',
        // The standard library's tables; they take a combining mark for unprintable only at the beginning of a text.
        c => format!("a{c}").escape_debug().skip(1).eq([c]),
    }
}

/// Names in back-quotes, joined; the first ones only when they are many.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let mut quoted: Vec<_> = names.into_iter().map(quote).collect();
    let more = quoted.len().saturating_sub(MOST);
    quoted.truncate(MOST);
    let names = quoted.join(", ");
    match more {
        0 => names,
        _ => format!("{names} and {more} more"),
    }
}
