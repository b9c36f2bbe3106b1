//! Parsing of arguments and their values.

use std::mem;

use super::{Parser, too_few};
use crate::{
    Diagnostic, Value,
    diagnostic::quote,
    lex::Kind,
    tree::{Arg, At, Expr, OneOf},
};

impl Parser<'_> {
    /// Parses `( … )` after a name.
    pub(super) fn args(&mut self) -> Vec<Arg> {
        let mut named = false;
        let base = mem::replace(&mut self.base, self.open.len());
        let args = self.list(b')', true, |parser| {
            let arg = parser.arg()?;
            if named && arg.name.is_none() {
                let message = "a positional argument can't follow a named argument";
                parser.error(Diagnostic::error(arg.at.0, message));
            }
            named |= arg.name.is_some();
            Some(arg)
        });
        self.base = base;
        args
    }

    /// Parses two or more alternatives in braces, separated by commas.
    pub(super) fn alternatives<T>(&mut self, part: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let (start, faults) = (self.peek().span, self.faults);
        let options = self.list(b'}', false, part);
        if options.len() < 2 && self.faults == faults {
            self.error(too_few(start.to(self.last()), ','));
        }
        options
    }

    /// Parses a bracketed list separated by commas; `trailing` allows a comma at the end. `part`
    /// returns `None` for an element whose error it has reported.
    pub(super) fn list<T>(
        &mut self,
        close: u8,
        trailing: bool,
        mut part: impl FnMut(&mut Self) -> Option<T>,
    ) -> Vec<T> {
        let mut parts = Vec::new();
        let Some(open) = self.open(close) else {
            return parts;
        };
        let faults = self.faults;
        while self.peek().kind != Kind::End
            && (!self.at_mark(close) || (!trailing && !parts.is_empty()))
        {
            let part = part(self);
            let known = part.is_none();
            parts.extend(part);
            if self.at_mark(b',') {
                self.bump();
            } else {
                if !self.at_mark(close) {
                    if !known && self.peek().kind != Kind::End {
                        self.expected(&format!("`,` or `{}`", char::from(close)));
                    }
                    self.recover();
                }
                break;
            }
        }
        self.close(open, self.faults != faults);
        parts
    }

    fn arg(&mut self) -> Option<Arg> {
        let start = self.peek();
        let mut name = None;
        if self.next_is(1, b'=') {
            match start.kind {
                Kind::Name | Kind::Bad => name = Some(self.slice(start).to_string()),
                _ => {
                    let message = format!("{} is not a valid argument name", self.found());
                    self.error(Diagnostic::error(start.span, message));
                }
            }
            self.bump();
            self.bump();
        }
        let value_start = self.peek().span;
        let value = self.expr()?;
        let at = value_start.to(self.last());
        let name_at = if name.is_some() { start.span } else { at };
        Some(Arg {
            name,
            name_at: At(name_at),
            value,
            at: At(at),
        })
    }

    /// Parses a value that isn't the result of an operator outside of it.
    pub(super) fn primary(&mut self) -> Option<Expr> {
        let token = self.peek();
        let value = match token.kind {
            Kind::Int(n) => Value::Int(n),
            Kind::Float(x) => Value::Float(x),
            Kind::Bool(b) => Value::Bool(b),
            Kind::Name | Kind::Bad => Value::Word(self.slice(token).into()),
            Kind::Text => Value::Text(unquoted(self.slice(token))),
            Kind::Mark(b'(') => return self.tuple(),
            Kind::Mark(b'{') => {
                let options = self.alternatives(Parser::expr);
                let at = At(token.span.to(self.last()));
                return Some(Expr::OneOf(OneOf { options, at }));
            }
            Kind::Mark(_) | Kind::Let | Kind::End => {
                self.expected("a value");
                return None;
            }
        };
        self.bump();
        Some(Expr::Value(value))
    }

    fn tuple(&mut self) -> Option<Expr> {
        let (start, faults) = (self.peek().span, self.faults);
        let parts = self.list(b')', true, Parser::expr);
        if parts.is_empty() && self.faults == faults {
            let at = start.to(self.last());
            let message = format!(
                "expected at least one value in {}",
                quote(&self.text[at.start..at.end])
            );
            self.error(Diagnostic::error(at, message));
        }
        let comma = self.at >= 2 && self.tokens[self.at - 2].kind == Kind::Mark(b',');
        Some(match <[Expr; 1]>::try_from(parts) {
            // Parentheses around arithmetic only group it.
            Ok([chain @ Expr::Chain(_)]) if !comma => chain,
            Ok(one) => Expr::Tuple(one.into()),
            Err(parts) => Expr::Tuple(parts),
        })
    }
}

/// Returns the text between the quotation marks, unescaped.
fn unquoted(text: &str) -> String {
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
