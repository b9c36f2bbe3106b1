//! The part of a text that is shown with a diagnostic.

use unicode_width::UnicodeWidthChar;

use crate::{Span, is_printable};

/// The maximum width of a line that is shown in full, in columns.
const WIDTH: usize = 80;

/// The number of columns kept before the location when a line is truncated.
const BEFORE: usize = 30;

/// The line in which a span begins.
pub(crate) struct Place<'t> {
    line: &'t str,
    /// The line number, from 1.
    pub number: usize,
    /// The span, in bytes of the line, truncated at the end of the line.
    start: usize,
    end: usize,
}

impl<'t> Place<'t> {
    /// Finds the line. A span that doesn't fit the text is moved to the nearest characters before
    /// its ends.
    pub fn find(text: &'t str, span: Span) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[line_start..].find('\n');
        let line_end = line_end.map_or(text.len(), |i| line_start + i);
        let line = text[line_start..line_end].trim_end_matches('\r');
        Place {
            line,
            number: text[..line_start].matches('\n').count() + 1,
            start: (start - line_start).min(line.len()),
            end: (end - line_start).min(line.len()),
        }
    }
}

/// Returns the last boundary between characters that is not after `index`.
fn floor(text: &str, index: usize) -> usize {
    let mut boundaries = (0..=index.min(text.len())).rev();
    boundaries
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or_default()
}

/// The shown part of a line: all of it, or a part around the location.
pub(crate) struct Excerpt {
    pub text: String,
    /// Number of columns before the carets.
    pub indent: usize,
    pub carets: usize,
}

impl Excerpt {
    pub fn cut(place: &Place<'_>) -> Self {
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
    use proptest::prelude::*;

    use crate::{Diagnostic, SpecError};

    use super::*;

    fn render(text: &str, start: usize, end: usize) -> String {
        let diagnostic = Diagnostic::error(Span { start, end }, "wrong");
        SpecError::new(text, vec![diagnostic]).to_string()
    }

    fn at(text: &str, of: &str) -> String {
        let start = text.find(of).unwrap();
        render(text, start, start + of.len())
    }

    #[test]
    fn a_long_line_is_cut_between_items() {
        let text = format!(
            "{}here {}",
            "linear(10) ".repeat(20),
            "linear(10) ".repeat(20)
        );
        let found = at(&text, "here");
        let lines: Vec<_> = found.lines().collect();
        assert_eq!(
            lines[1],
            "  │ … linear(10) linear(10) here linear(10) linear(10) linear(10) linear(10) …"
        );
        assert_eq!(lines[2].find('^'), lines[1].replace('…', ".").find("here"));

        let without_spaces = at(&"x".repeat(100_000), &"x".repeat(90_000));
        assert!(
            without_spaces
                .lines()
                .all(|line| line.chars().count() <= WIDTH + 8),
            "{without_spaces}"
        );
    }

    proptest! {
        #[test]
        fn any_span_can_be_shown(text in "[a漢\u{301}\n\r\t ]{0,200}", start in 0..300usize, end in 0..300usize) {
            let shown = render(&text, start, end);
            prop_assert_eq!(shown.matches("  │ ").count(), 2, "{}", shown);
            prop_assert!(shown.contains('^') && !shown.contains(['\r', '\t']), "{}", shown);
        }
    }
}
