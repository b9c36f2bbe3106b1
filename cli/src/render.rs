//! Formats diagnostics as text, with carets under the location.
//!
//! ```text
//! error: unknown layer `maxpol2d`
//!   │ conv2d(8, 5, padding=2) relu maxpol2d(2) flatten linear(10)
//!   │                              ^^^^^^^^ help: did you mean `maxpool2d`?
//! ```

use std::fmt::Write;

use tapeline_experiments::escape;
use tapeline_models::SpecError;
use tapeline_spec::{Diagnostic, Severity, is_printable};
use unicode_width::UnicodeWidthChar;

/// The maximum width of a line that is shown in full, in columns.
const WIDTH: usize = 80;

/// The number of columns kept before the location when a line is truncated.
const BEFORE: usize = 30;

/// The style of messages.
#[derive(Clone, Copy)]
pub struct Style {
    pub colored: bool,
}

impl Style {
    /// Formats `word: text`, such as `error: text`, with the word in its colour.
    pub fn headed(self, word: &str, text: &str) -> String {
        let color = match word {
            "error" => "1;31",
            "warning" => "1;33",
            _ => "1;36",
        };
        format!("{}: {}", self.paint(color, word), escape::terminal(text))
    }

    /// Wraps text in the escape sequence of a colour; `color` holds the SGR parameters.
    pub fn paint(self, color: &str, text: &str) -> String {
        match self.colored {
            true => format!("\x1b[{color}m{text}\x1b[0m"),
            false => text.into(),
        }
    }
}

/// Formats all diagnostics of a spec, separated by empty lines. `origin` names the file or option
/// that contains the spec.
pub fn all(origin: Option<&str>, error: &SpecError, style: Style) -> String {
    let diagnostics = error.diagnostics.iter();
    let shown: Vec<_> = diagnostics
        .map(|diagnostic| one(origin, &error.text, diagnostic, style))
        .collect();
    shown.join("\n")
}

fn one(origin: Option<&str>, text: &str, diagnostic: &Diagnostic, style: Style) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut out = style.headed(severity, &diagnostic.message) + "\n";
    let place = Place::find(text, diagnostic);
    let bar = style.paint("1;34", "│");
    if let Some(origin) = location(origin, text, &place) {
        let _ = writeln!(
            out,
            "  {} {}",
            style.paint("1;34", "┌"),
            escape::terminal(&origin)
        );
    }
    let excerpt = Excerpt::cut(&place);
    let _ = writeln!(out, "  {bar} {}", excerpt.text);
    let color = if severity == "error" { "1;31" } else { "1;33" };
    let carets = style.paint(color, &"^".repeat(excerpt.carets));
    let _ = write!(out, "  {bar} {}{carets}", " ".repeat(excerpt.indent));
    if let Some(help) = &diagnostic.help {
        let _ = write!(out, " {}", style.headed("help", help));
    }
    out.push('\n');
    out
}

/// Names the location of the shown line, unless the text is a single line without an origin.
fn location(origin: Option<&str>, text: &str, place: &Place) -> Option<String> {
    let one_line = !text.trim_end().contains('\n');
    match (origin, one_line) {
        (None, true) => None,
        (None, false) => Some(format!("line {}", place.number)),
        (Some(origin), true) => Some(origin.into()),
        (Some(origin), false) => Some(format!("{origin}:{}", place.number)),
    }
}

/// The line in which a span begins.
struct Place<'t> {
    line: &'t str,
    /// The line number, from 1.
    number: usize,
    /// The span, in bytes of the line, truncated at the end of the line.
    start: usize,
    end: usize,
}

impl<'t> Place<'t> {
    fn find(text: &'t str, diagnostic: &Diagnostic) -> Self {
        let span = diagnostic.span;
        let begin = text[..span.start].rfind('\n').map_or(0, |i| i + 1);
        let end = text[begin..].find('\n').map_or(text.len(), |i| begin + i);
        let line = text[begin..end].trim_end_matches('\r');
        Place {
            line,
            number: text[..begin].matches('\n').count() + 1,
            start: (span.start - begin).min(line.len()),
            end: (span.end - begin).min(line.len()),
        }
    }
}

/// The shown part of a line: all of it, or a part around the location.
struct Excerpt {
    text: String,
    /// Number of columns before the carets.
    indent: usize,
    carets: usize,
}

impl Excerpt {
    fn cut(place: &Place) -> Self {
        let columns = |text: &str| text.chars().map(width).sum::<usize>();
        let (start, end) = (
            columns(&place.line[..place.start]),
            columns(&place.line[..place.end]),
        );
        let total = columns(place.line);

        // Cut between items where possible.
        let (mut low, mut high) = (0, total);
        if total > WIDTH && end > WIDTH {
            low = start.saturating_sub(BEFORE);
            low = breaks(place.line)
                .find(|column| (low..=start).contains(column))
                .unwrap_or(low);
        }
        if total > low + WIDTH {
            high = low + WIDTH;
            high = breaks(place.line)
                .filter(|&column| end < column && column <= high)
                .last()
                .unwrap_or(high);
        }

        let (mut text, mut indent) = (String::new(), 0);
        let mut column = 0;
        for char in place.line.chars() {
            if low <= column && column + width(char) <= high {
                text.push(shown(char));
                if column < start {
                    indent += width(char);
                }
            }
            column += width(char);
        }
        if low > 0 {
            text.insert_str(0, "… ");
            indent += 2;
        }
        if high < total {
            text.truncate(text.trim_end().len());
            text.push_str(" …");
        }
        Excerpt {
            text,
            indent,
            carets: end.min(high).saturating_sub(start).max(1),
        }
    }
}

/// Returns the columns at which words begin.
fn breaks(line: &str) -> impl Iterator<Item = usize> {
    let mut column = 0;
    let mut after_space = false;
    line.chars().filter_map(move |char| {
        let begins = (after_space && char != ' ').then_some(column);
        after_space = char == ' ';
        column += width(char);
        begins
    })
}

/// Replaces tabs and unprintable characters, whose width would be unknown.
fn shown(char: char) -> char {
    match char {
        '\t' => ' ',
        _ if is_printable(char) => char,
        _ => '\u{fffd}',
    }
}

fn width(char: char) -> usize {
    shown(char).width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tapeline_spec::Span;

    use super::*;

    fn plain(text: &str, of: &str, help: Option<&str>) -> String {
        let start = text.find(of).unwrap();
        let mut diagnostic = Diagnostic::error(
            Span {
                start,
                end: start + of.len(),
            },
            "wrong",
        );
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        one(None, text, &diagnostic, Style { colored: false })
    }

    #[test]
    fn carets_stand_under_the_place() {
        let found = plain(
            "relu maxpol2d(2)",
            "maxpol2d",
            Some("did you mean `maxpool2d`?"),
        );
        let wanted = "error: wrong\n  │ relu maxpol2d(2)\n  │      ^^^^^^^^ help: did you mean `maxpool2d`?\n";
        assert_eq!(found, wanted);
    }

    #[test]
    fn an_empty_span_gets_one_caret() {
        assert_eq!(
            plain("linear(", "", None),
            "error: wrong\n  │ linear(\n  │ ^\n"
        );
    }

    #[test]
    fn columns_are_counted_as_a_terminal_does() {
        // A full-width comma takes two columns, an e with a combining accent one, and a tab is
        // shown as one.
        assert_eq!(
            plain("漢e\u{301}\tx", "x", None),
            "error: wrong\n  │ 漢e\u{301} x\n  │     ^\n"
        );
        assert_eq!(
            plain("conv2d(8，5)", "，", None),
            "error: wrong\n  │ conv2d(8，5)\n  │         ^^\n"
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(
            plain("a\u{202e}\x1bb", "b", None),
            "error: wrong\n  │ a\u{fffd}\u{fffd}b\n  │    ^\n"
        );
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        assert_eq!(
            plain("relu\r\nrelo\r\nrelu", "relo", None),
            "error: wrong\n  ┌ line 2\n  │ relo\n  │ ^^^^\n"
        );
        let to_the_end = plain("relu\nlinear(\n10", "(\n10", None);
        assert_eq!(
            to_the_end,
            "error: wrong\n  ┌ line 2\n  │ linear(\n  │       ^\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_between_items() {
        let text = format!(
            "{}here {}",
            "linear(10) ".repeat(20),
            "linear(10) ".repeat(20)
        );
        let found = plain(&text, "here", None);
        let lines: Vec<_> = found.lines().collect();
        assert_eq!(
            lines[1],
            "  │ … linear(10) linear(10) here linear(10) linear(10) linear(10) linear(10) …"
        );
        assert_eq!(lines[2].find('^'), lines[1].replace('…', ".").find("here"));

        let without_spaces = plain(&"x".repeat(100_000), &"x".repeat(90_000), None);
        assert!(
            without_spaces
                .lines()
                .all(|line| line.chars().count() <= WIDTH + 8),
            "{without_spaces}"
        );
    }
}
