//! From text to tokens.

use crate::{Diagnostic, Span, diagnostic::Diagnostics};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Name,
    Int(i64),
    Float(f64),
    Text(String),
    /// One of `()[]{}|,*=`.
    Sign(char),
    /// Something that has been complained about.
    Bad,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// The tokens of a text, comments and white space left out.
pub(crate) fn lex(text: &str, problems: &mut Diagnostics) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        problems,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
        if lexer.problems.full() {
            break;
        }
    }
    tokens
}

struct Lexer<'t, 'p> {
    text: &'t str,
    at: usize,
    problems: &'p mut Diagnostics,
}

impl<'t> Lexer<'t, '_> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            self.skip(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            if self.peek() != Some('#') {
                break;
            }
            self.skip(|c| c != '\n');
        }
        let first = self.peek()?;
        let start = self.at;
        let kind = match first {
            '(' | ')' | '[' | ']' | '{' | '}' | '|' | ',' | '*' | '=' => {
                self.at += 1;
                Kind::Sign(first)
            }
            '"' => self.quoted(),
            '0'..='9' | '.' | '+' | '-' => self.number(),
            c if c == '_' || c.is_alphanumeric() => self.word(),
            c => {
                self.at += c.len_utf8();
                self.bad(start, format!("{} cannot stand here", shown(c)), instead(c))
            }
        };
        Some(Token {
            kind,
            span: Span::new(start, self.at),
        })
    }

    fn bad(&mut self, start: usize, message: String, help: Option<&str>) -> Kind {
        let diagnostic = Diagnostic::error(Span::new(start, self.at), message);
        self.problems.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
        Kind::Bad
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        self.skip(|c| c == '_' || c.is_alphanumeric());
        let word = &self.text[start..self.at];
        match word.chars().find(|c| !c.is_ascii()) {
            None => Kind::Name,
            Some(c) => {
                let message = format!("`{}` holds {}", clipped(word), shown(c));
                self.bad(
                    start,
                    message,
                    Some("names are made of ASCII letters, digits and `_`"),
                )
            }
        }
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        if matches!(self.peek(), Some('+' | '-')) {
            self.at += 1;
        }
        let digits = |lexer: &mut Self| {
            let from = lexer.at;
            lexer.skip(|c| c.is_ascii_digit());
            lexer.at > from
        };
        let mut some = digits(self);
        let mut float = false;
        if self.peek() == Some('.') {
            self.at += 1;
            float = true;
            some |= digits(self);
        }
        if some && matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            float = true;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            some = digits(self);
        }
        let whole = self.at;
        self.skip(|c| c == '_' || c == '.' || c.is_alphanumeric());
        let number = &self.text[start..self.at];
        if !some || self.at > whole {
            return self.bad(start, format!("`{}` is no number", clipped(number)), None);
        }
        if float {
            return match number.parse() {
                Ok(value) if f64::is_finite(value) => Kind::Float(value),
                _ => self.bad(start, format!("`{}` is too large", clipped(number)), None),
            };
        }
        match number.parse() {
            Ok(value) => Kind::Int(value),
            Err(_) => self.bad(start, format!("`{}` is too large", clipped(number)), None),
        }
    }

    fn quoted(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.peek().filter(|&c| c != '\n' && c != '\r') else {
                return self.bad(
                    start,
                    "this text has no closing `\"`".into(),
                    Some("it must end on its line"),
                );
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Kind::Text(value),
                '\\' => match self.peek() {
                    Some(c @ ('"' | '\\')) => {
                        self.at += 1;
                        value.push(c);
                    }
                    _ => {
                        let at = self.at - 1;
                        self.bad(
                            at,
                            "`\\` stands for nothing here".into(),
                            Some("`\\\"` and `\\\\` are known"),
                        );
                    }
                },
                c => value.push(c),
            }
        }
    }
}

/// The beginning of something that may be long.
fn clipped(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// A character with its name, where it is not plain to see.
fn shown(c: char) -> String {
    let name = match c {
        '\u{ff01}'..='\u{ff5e}' => "a full-width character",
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "a no-break space",
        '\u{3000}' => "an ideographic space",
        '\u{200b}' | '\u{2060}' | '\u{feff}' => "an invisible zero-width space",
        '\u{200c}' | '\u{200d}' => "an invisible joiner",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "an invisible direction mark"
        }
        c if c.is_control() => "a control character",
        c if c.is_whitespace() => "an unusual space",
        _ => "",
    };
    match name {
        "" => format!("`{c}`"),
        "a full-width character" => format!("`{c}`, a full-width character (U+{:04X}),", c as u32),
        _ => format!("{name} (U+{:04X})", c as u32),
    }
}

/// What was probably meant.
fn instead(c: char) -> Option<&'static str> {
    Some(match c {
        '，' | '、' => "write `,`",
        '（' => "write `(`",
        '）' => "write `)`",
        '［' => "write `[`",
        '］' => "write `]`",
        '｛' => "write `{`",
        '｝' => "write `}`",
        '｜' => "write `|`",
        '＝' => "write `=`",
        '＊' | '×' => "write `*`",
        ';' => "layers are parted by spaces, arguments by `,`",
        '“' | '”' | '\'' => "write `\"`",
        '−' | '–' => "write `-`",
        c if c.is_whitespace() || shown(c).starts_with("an invisible") => {
            "write a plain space, or nothing"
        }
        _ => return None,
    })
}
