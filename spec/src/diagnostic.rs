//! Errors and warnings about a text, with source locations.

use std::fmt;

use crate::Span;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The text can't be used.
    Error,
    /// The text can be used, but probably isn't what was meant.
    Warning,
}

/// An error or warning about a text. Displayed on one line, as its message, followed by a semicolon
/// and the help, if any; [`SpecError`](crate::SpecError) shows it in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// The location in the text.
    pub span: Span,
    /// What was found and what was expected, without a full stop at the end.
    pub message: String,
    /// What the user can do about it.
    pub help: Option<String>,
    /// Other places that matter, such as where a definition with an error in it is used.
    pub notes: Vec<Note>,
}

/// A place in the text that explains a diagnostic about another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The location in the text.
    pub span: Span,
    /// What is there.
    pub message: String,
}

impl Diagnostic {
    /// Creates an error.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// Creates a warning.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(span, message)
        }
    }

    /// Sets the help.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Diagnostic {
            help: Some(help.into()),
            ..self
        }
    }

    /// Sets or clears the help.
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

/// Collects diagnostics, up to a number that is still readable.
#[derive(Default)]
pub(crate) struct Report {
    list: Vec<Diagnostic>,
    /// Number of all diagnostics, including those over the limit.
    count: usize,
}

impl Report {
    const MOST: usize = 20;

    /// Adds a diagnostic. The closure isn't called once the limit is reached.
    pub fn add(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        self.count += 1;
        if self.list.len() < Report::MOST {
            self.list.push(diagnostic());
        }
    }

    /// Returns `true` if more diagnostics are dropped.
    pub fn is_full(&self) -> bool {
        self.list.len() == Report::MOST
    }

    /// Returns how often [`add`](Report::add) was called.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns all diagnostics in the order of their locations.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| diagnostic.span.start);
        self.list
    }
}

/// Quotes text for a message: in backticks, escaped, and truncated if it is long.
///
/// ```
/// assert_eq!(tapeline_spec::quote("relu\x1b[31m"), r"`relu\u{1b}[31m`");
/// ```
pub fn quote(text: &str) -> String {
    format!("`{}`", clip(text))
}

/// Escapes text for a message, and truncates it if it is long.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", printable(&text[..end])),
        None => printable(text),
    }
}

/// Escapes text for a message on one line: characters that are not [printable](is_printable) are
/// replaced by escape sequences.
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

/// Returns `true` if a terminal shows the character as itself: it is not a control character, a
/// bidirectional mark, a space other than U+0020, or invisible.
pub fn is_printable(c: char) -> bool {
    match c {
        '"' | '\'' | '\\' => true,
        c if c.is_ascii() => c.is_ascii_graphic() || c == ' ',
        // Uses the tables of the standard library. They treat a combining mark as unprintable only
        // at the start of a string, hence the leading `a`.
        c => format!("a{c}").escape_debug().skip(1).eq([c]),
    }
}

/// Joins quoted names, listing only the first if there are many.
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
