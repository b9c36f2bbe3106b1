//! Diagnostics as text, with carets under the location.
//!
//! ```text
//! error: unknown layer `maxpol2d`
//!   │ conv2d(8, 5, padding=2) relu maxpol2d(2) flatten linear(10)
//!   │                              ^^^^^^^^ help: did you mean `maxpool2d`?
//! ```

use std::fmt::Write;

use crate::{
    Diagnostic, Severity, Span,
    excerpt::{Excerpt, Place},
    printable,
};

/// The style of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use the colours of a terminal.
    pub colored: bool,
}

impl Style {
    /// Formats `word: text` on one line, such as `error: text`, with the word in its colour.
    pub fn headed(self, word: &str, text: &str) -> String {
        let color = match word {
            "error" => "1;31",
            "warning" => "1;33",
            _ => "1;36",
        };
        format!("{}: {}", self.paint(color, word), printable(text))
    }

    /// Wraps text in the escape sequence of a colour; `color` holds the SGR parameters.
    pub fn paint(self, color: &str, text: &str) -> String {
        match self.colored {
            true => format!("\x1b[{color}m{text}\x1b[0m"),
            false => text.into(),
        }
    }
}

impl Diagnostic {
    /// Formats a diagnostic about a text.
    pub(crate) fn render(&self, text: &str, origin: Option<&str>, style: Style) -> String {
        let (severity, color) = match self.severity {
            Severity::Error => ("error", "1;31"),
            Severity::Warning => ("warning", "1;33"),
        };
        let shown = |span, color| excerpt(text, span, origin, color, style);
        let mut out = style.headed(severity, &self.message) + "\n" + &shown(self.span, color);
        if let Some(help) = &self.help {
            let _ = write!(out, " {}", style.headed("help", help));
        }
        for note in &self.notes {
            let headed = style.headed("note", &note.message);
            let _ = write!(out, "\n{headed}\n{}", shown(note.span, "1;36"));
        }
        out
    }
}

/// Formats a part of the text with carets under the location.
fn excerpt(text: &str, span: Span, origin: Option<&str>, color: &str, style: Style) -> String {
    let mut out = String::new();
    let place = Place::find(text, span);
    let bar = style.paint("1;34", "│");
    if let Some(location) = location(origin, text, &place) {
        let corner = style.paint("1;34", "┌");
        let _ = writeln!(out, "  {corner} {}", printable(&location));
    }
    let excerpt = Excerpt::cut(&place);
    let _ = writeln!(out, "  {bar} {}", excerpt.text);
    let carets = style.paint(color, &"^".repeat(excerpt.carets));
    let _ = write!(out, "  {bar} {}{carets}", " ".repeat(excerpt.indent));
    out
}

/// Names the location of the shown line, unless the text is a single line without an origin.
fn location(origin: Option<&str>, text: &str, place: &Place<'_>) -> Option<String> {
    let one_line = !text.trim_end().contains('\n');
    match (origin, one_line) {
        (None, true) => None,
        (None, false) => Some(format!("line {}", place.number)),
        (Some(origin), true) => Some(origin.into()),
        (Some(origin), false) => Some(format!("{origin}:{}", place.number)),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Note, SpecError};

    use super::*;

    const PLAIN: Style = Style { colored: false };

    fn wrong(text: &str, of: &str, help: Option<&str>) -> SpecError {
        let start = text.find(of).unwrap();
        let end = start + of.len();
        let diagnostic = Diagnostic::error(Span { start, end }, "wrong");
        SpecError::new(text, vec![diagnostic.maybe_help(help.map(Into::into))])
    }

    #[track_caller]
    fn expect(text: &str, of: &str, help: Option<&str>, wanted: &str) {
        assert_eq!(wrong(text, of, help).to_string(), wanted);
    }

    #[test]
    fn carets_stand_under_the_place() {
        expect(
            "relu maxpol2d(2)",
            "maxpol2d",
            Some("did you mean `maxpool2d`?"),
            "error: wrong\n  │ relu maxpol2d(2)\n  │      ^^^^^^^^ help: did you mean `maxpool2d`?",
        );
    }

    #[test]
    fn an_empty_span_gets_one_caret() {
        expect("linear(", "", None, "error: wrong\n  │ linear(\n  │ ^");
    }

    #[test]
    fn columns_are_counted_as_a_terminal_does() {
        // A full-width comma takes two columns, an e with a combining accent one, and a tab is
        // shown as one.
        expect(
            "漢e\u{301}\tx",
            "x",
            None,
            "error: wrong\n  │ 漢e\u{301} x\n  │     ^",
        );
        expect(
            "conv2d(8，5)",
            "，",
            None,
            "error: wrong\n  │ conv2d(8，5)\n  │         ^^",
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        expect(
            "a\u{202e}\x1bb",
            "b",
            None,
            "error: wrong\n  │ a\u{fffd}\u{fffd}b\n  │    ^",
        );
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        expect(
            "relu\r\nrelo\r\nrelu",
            "relo",
            None,
            "error: wrong\n  ┌ line 2\n  │ relo\n  │ ^^^^",
        );
        // A span over several lines is marked to the end of the first.
        expect(
            "relu\nlinear(\n10",
            "(\n10",
            None,
            "error: wrong\n  ┌ line 2\n  │ linear(\n  │       ^",
        );
    }

    #[test]
    fn the_origin_is_shown_with_the_line_if_there_are_several() {
        let render = |text| wrong(text, "relo", None).render(Some("a.spec"), PLAIN);
        assert_eq!(
            render("relo\n"),
            "error: wrong\n  ┌ a.spec\n  │ relo\n  │ ^^^^"
        );
        assert_eq!(
            render("\nrelo"),
            "error: wrong\n  ┌ a.spec:2\n  │ relo\n  │ ^^^^"
        );
    }

    #[test]
    fn notes_have_excerpts_of_their_own() {
        let mut error = wrong("relu\n relo", "relo", Some("drop it"));
        error.diagnostics[0].notes.push(Note {
            span: Span { start: 0, end: 4 },
            message: "unlike this".into(),
        });
        assert_eq!(
            error.to_string(),
            "error: wrong\n  ┌ line 2\n  │  relo\n  │  ^^^^ help: drop it\n\
             note: unlike this\n  ┌ line 1\n  │ relu\n  │ ^^^^"
        );
    }

    #[test]
    fn several_diagnostics_are_separated_by_an_empty_line() {
        let mut two = wrong("relu", "u", None);
        let span = Span { start: 0, end: 1 };
        two.diagnostics
            .push(Diagnostic::warning(span, "odd").help("drop it"));
        assert_eq!(
            two.to_string(),
            "error: wrong\n  │ relu\n  │    ^\n\nwarning: odd\n  │ relu\n  │ ^ help: drop it"
        );
        assert_eq!(two.summary(), "wrong; odd; drop it");
        assert_eq!(SpecError::new("relu", Vec::new()).to_string(), "");
    }

    #[test]
    fn colours_mark_the_words_and_the_carets() {
        let error = wrong("a", "a", Some("b"));
        let colored = error.render(None, Style { colored: true });
        assert_eq!(
            colored,
            "\x1b[1;31merror\x1b[0m: wrong\n  \x1b[1;34m│\x1b[0m a\n  \x1b[1;34m│\x1b[0m \
             \x1b[1;31m^\x1b[0m \x1b[1;36mhelp\x1b[0m: b"
        );
    }
}
