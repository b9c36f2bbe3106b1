//! Numbers, and words that are neither names nor numbers.

use super::Kind;
use crate::{
    Diagnostic, Span,
    chars::{code, odd},
    diagnostic::quote,
};

pub(super) enum Problem {
    NotANumber,
    TooLarge,
}

/// Parses an INT or a FLOAT of the grammar.
pub(super) fn number(word: &str) -> Result<Kind, Problem> {
    let digits = |rest: &mut &str| {
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        *rest = &rest[count..];
        count
    };
    let mut rest = word.strip_prefix(['+', '-']).unwrap_or(word);
    let mut mantissa = digits(&mut rest);
    let point = rest.strip_prefix('.');
    if let Some(fraction) = point {
        rest = fraction;
        mantissa += digits(&mut rest);
    }
    let exponent = rest.strip_prefix(['e', 'E']);
    if let Some(signed) = exponent {
        rest = signed.strip_prefix(['+', '-']).unwrap_or(signed);
        if digits(&mut rest) == 0 {
            return Err(Problem::NotANumber);
        }
    }
    if mantissa == 0 || !rest.is_empty() {
        return Err(Problem::NotANumber);
    }
    if point.is_none() && exponent.is_none() {
        return word.parse().map(Kind::Int).map_err(|_| Problem::TooLarge);
    }
    match word.parse() {
        Ok(x) if f64::is_finite(x) => Ok(Kind::Float(x)),
        _ => Err(Problem::TooLarge),
    }
}

pub(super) fn blame_word(word: &str, span: Span, problem: Problem) -> Diagnostic {
    if let Problem::TooLarge = problem {
        return Diagnostic::error(span, format!("number {} is too large", quote(word)));
    }
    let foreign = word
        .char_indices()
        .find(|(_, c)| !c.is_ascii() || c.is_control());
    let numeric = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if foreign.is_none() && numeric && word.bytes().any(|b| b.is_ascii_digit()) {
        return Diagnostic::error(span, format!("{} is not a number", quote(word)));
    }
    let junk = word
        .char_indices()
        .find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '_');
    match foreign.or(junk) {
        Some((at, c)) => {
            let start = span.start + at;
            blame(c, Span::new(start, start + c.len_utf8()))
        }
        None => Diagnostic::error(span, format!("{} is not a name", quote(word))),
    }
}

/// Reports a character that is not allowed at its position.
pub(super) fn blame(c: char, span: Span) -> Diagnostic {
    match odd(c) {
        Some(odd) => {
            let message = format!("unexpected {} ({})", odd.name, code(c));
            Diagnostic::error(span, message).help(match odd.meant {
                Some(' ') => "write an ordinary space".into(),
                Some(meant) => format!("write `{meant}`"),
                None => "remove it".into(),
            })
        }
        None => Diagnostic::error(span, format!("unexpected character `{c}` ({})", code(c)))
            .help("names are made of ASCII letters, digits and `_`"),
    }
}
