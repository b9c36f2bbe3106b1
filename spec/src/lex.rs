//! The lexer.

mod words;

use words::{blame, blame_word, number};

use crate::{
    Diagnostic, Span,
    chars::odd,
    diagnostic::{Report, quote},
};

/// The kind of a token. Its text is the slice of the input at its span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Name,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
    /// One of `( ) [ ] { } | , = * ;`, or of `+ - /` inside parentheses.
    Mark(u8),
    /// The word `let`.
    Let,
    /// An invalid token, already reported.
    Bad,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// Returns `true` if the text is a NAME of the grammar.
pub(crate) fn is_name(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.bytes().all(word)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(text, "" | "true" | "false" | "let")
}

/// Splits a text into tokens, followed by an end token.
pub(crate) fn lex(text: &str, report: &mut Report) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        parentheses: 0,
        after_operand: false,
        report,
    };
    let mut tokens = Vec::new();
    while let Some(c) = lexer.peek() {
        let start = lexer.at;
        let kind = lexer.token(c);
        let span = Span::new(start, lexer.at);
        if let Some(kind) = kind {
            lexer.follow(kind);
            tokens.push(Token { kind, span });
        }
    }
    let end = Span::new(text.len(), text.len());
    tokens.push(Token {
        kind: Kind::End,
        span: end,
    });
    tokens
}

struct Lexer<'t, 'e> {
    text: &'t str,
    /// Start of the next token; always on a character boundary.
    at: usize,
    /// Number of open parentheses. Only inside of them `+`, `-` and `/` are operators.
    parentheses: usize,
    /// Whether the previous token can be the left side of an operator, so that `-` after it is not
    /// the sign of a number.
    after_operand: bool,
    report: &'e mut Report,
}

impl Lexer<'_, '_> {
    /// Updates the state after a token.
    fn follow(&mut self, kind: Kind) {
        match kind {
            Kind::Mark(b'(') => self.parentheses += 1,
            Kind::Mark(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            Kind::Mark(b'[' | b']' | b';') => self.parentheses = 0,
            _ => {}
        }
        self.after_operand = !matches!(kind, Kind::Mark(mark) if !matches!(mark, b')' | b'}'));
    }

    /// Returns `true` if the next character is an operator, given that it isn't a delimiter.
    fn at_operator(&self, c: char) -> bool {
        let next = self.text[self.at + c.len_utf8()..].chars().next();
        let number = next.is_some_and(|next| next.is_ascii_digit() || next == '.');
        self.parentheses > 0
            && match c {
                '/' => true,
                '+' | '-' => self.after_operand || !number,
                _ => false,
            }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Advances past the token that starts with `c`. Returns `None` for white space and comments.
    fn token(&mut self, c: char) -> Option<Kind> {
        match c {
            ' ' | '\t' | '\r' | '\n' => {
                self.at += 1;
                None
            }
            '#' => {
                self.skip_until(|c| matches!(c, '\r' | '\n'));
                None
            }
            '"' => Some(self.quoted()),
            _ if is_mark(c) || self.at_operator(c) => {
                self.at += 1;
                Some(Kind::Mark(c as u8))
            }
            _ => match odd(c).and_then(|odd| odd.meant) {
                Some(meant) => self.stand_in(c, meant),
                None => Some(self.word()),
            },
        }
    }

    /// Handles a character that looks like one of the grammar: reports it and continues as if
    /// `meant` had been written.
    fn stand_in(&mut self, c: char, meant: char) -> Option<Kind> {
        let span = Span::new(self.at, self.at + c.len_utf8());
        self.at = span.end;
        self.report.add(|| blame(c, span));
        match meant {
            ' ' => None,
            '"' => {
                self.skip_quoted();
                Some(Kind::Bad)
            }
            mark => Some(Kind::Mark(mark as u8)),
        }
    }

    /// Skips quoted text up to the closing curly quotation mark, if there is one on the line.
    fn skip_quoted(&mut self) {
        let quotation = |c| odd(c).is_some_and(|odd| odd.meant == Some('"'));
        let rest = &self.text[self.at..];
        let end = rest
            .char_indices()
            .find(|&(_, c)| quotation(c) || matches!(c, '\r' | '\n'));
        if let Some((length, mark)) = end.filter(|&(_, c)| quotation(c)) {
            self.at += length + mark.len_utf8();
        }
    }

    /// Lexes everything up to the next delimiter as one word, so that one mistake is reported as
    /// one error.
    fn word(&mut self) -> Kind {
        let start = self.at;
        self.at += match self.parentheses {
            0 => length(&self.text[start..], |_, c| is_delimiter(c)),
            _ => length(&self.text[start..], |before, c| {
                is_delimiter(c) || is_operator(before, c)
            }),
        };
        let span = Span::new(start, self.at);
        let word = &self.text[start..self.at];
        match word {
            "let" => return Kind::Let,
            "true" => return Kind::Bool(true),
            "false" => return Kind::Bool(false),
            _ if is_name(word) => return Kind::Name,
            _ => {}
        }
        match number(word) {
            Ok(kind) => kind,
            Err(problem) => {
                self.report.add(|| blame_word(word, span, problem));
                Kind::Bad
            }
        }
    }

    fn quoted(&mut self) -> Kind {
        let start = self.at;
        let mut escaped = None;
        self.at += 1;
        while let Some(c) = self.peek() {
            let span = Span::new(self.at, self.at + c.len_utf8());
            match (escaped, c) {
                (_, '\r' | '\n') => break,
                (None, '"') => {
                    self.at = span.end;
                    return Kind::Text;
                }
                (None, '\\') => escaped = Some(span),
                (Some(from), c) => {
                    escaped = None;
                    if !matches!(c, '"' | '\\') {
                        let what = quote(&self.text[from.start..span.end]);
                        self.report.add(|| {
                            Diagnostic::error(from.to(span), format!("unknown escape {what}")).help(
                                "only `\\\"` and `\\\\` are supported; write a backslash as `\\\\`",
                            )
                        });
                    }
                }
                _ => {}
            }
            self.at = span.end;
        }
        let span = Span::new(start, self.at);
        self.report.add(|| {
            Diagnostic::error(span, "this text has no closing quotation mark")
                .help("it must close on the same line")
        });
        Kind::Bad
    }

    fn skip_until(&mut self, stop: impl Fn(char) -> bool) {
        let rest = &self.text[self.at..];
        self.at += rest.find(stop).unwrap_or(rest.len());
    }
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '(' | ')' | '[' | ']' | '{' | '}' | '|' | ',' | '=' | '*' | ';'
    )
}

/// Returns the length of the text up to the first character for which `stop` returns `true`, given
/// the text before it.
fn length(text: &str, stop: impl Fn(&str, char) -> bool) -> usize {
    let mut chars = text.char_indices();
    let end = chars.find(|&(at, c)| stop(&text[..at], c));
    end.map_or(text.len(), |(at, _)| at)
}

/// Returns `true` if a character after the beginning of a word is an operator. A sign at the start
/// of a number or of its exponent, as in `-1e-3`, is not.
fn is_operator(before: &str, c: char) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match c {
        '/' => true,
        '+' | '-' if !before.is_empty() => {
            let mantissa = before.strip_suffix(['e', 'E']);
            let unsigned = mantissa.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
            !unsigned.is_some_and(|text| !text.is_empty() && digits(text))
        }
        _ => false,
    }
}

fn is_delimiter(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '#' | '"')
        || is_mark(c)
        || odd(c).is_some_and(|odd| odd.meant.is_some())
}
