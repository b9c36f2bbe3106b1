//! Parsing of definitions.

use std::mem;

use super::Parser;
use crate::{
    Diagnostic,
    diagnostic::quote,
    lex::Kind,
    tree::{At, Let, Param},
};

/// The maximum number of parameters of a definition.
const MAX_PARAMS: usize = 32;

impl Parser<'_> {
    /// Parses the definitions at the beginning of the text.
    pub(super) fn definitions(&mut self) {
        while self.peek().kind == Kind::Let {
            self.definition();
        }
    }

    /// Parses a definition that follows a call or is inside of brackets, which is an error.
    pub(super) fn misplaced_definition(&mut self) {
        let span = self.peek().span;
        let message = match self.open.is_empty() {
            true => "a definition can't follow a call",
            false => "a definition can't be inside of brackets",
        };
        let help = "move it to the beginning of the text";
        self.error(Diagnostic::error(span, message).help(help));
        self.definition();
    }

    /// Parses `let block(n, s=1) = [ … ];`.
    fn definition(&mut self) {
        let (start, faults) = (self.bump().span, self.faults);
        let name = self.peek();
        if name.kind != Kind::Name {
            self.expected("a name after `let`");
            return self.skip_definition();
        }
        self.bump();
        let params = match self.at_mark(b'(') && self.touches() {
            true => self.params(),
            false => Vec::new(),
        };
        for mark in [b'=', b'['] {
            if !self.at_mark(mark) {
                if self.faults == faults {
                    let name = quote(self.slice(name));
                    let what = match (mark, params.is_empty()) {
                        (b'=', true) => format!("`=`, or `(` directly after the name {name}"),
                        (b'=', false) => "`=` after the parameters".into(),
                        _ => format!("`[` at the beginning of the body of {name}"),
                    };
                    self.expected(&what);
                }
                return self.skip_definition();
            }
            if mark == b'=' {
                self.bump();
            }
        }
        let bracket = self.peek().span;
        let defining = mem::replace(&mut self.defining, true);
        let branches = self.branches(b']');
        self.defining = defining;
        if branches.len() > 1 {
            let message = "a definition has one body, without `|`";
            self.error(Diagnostic::error(bracket.to(self.last()), message));
        }
        if self.at_mark(b';') {
            self.bump();
        } else if self.faults == faults {
            self.expected("`;` after the definition");
        }
        self.lets.push(Let {
            name: self.slice(name).into(),
            name_at: At(name.span),
            params,
            body: branches.into_iter().next().unwrap_or_default(),
            at: At(start.to(self.last())),
            broken: self.faults != faults,
        });
    }

    /// Skips the rest of an invalid definition.
    fn skip_definition(&mut self) {
        while !matches!(self.peek().kind, Kind::Let | Kind::End) {
            if self.bump().kind == Kind::Mark(b';') {
                return;
            }
        }
    }

    /// Parses `( … )` after the name of a definition.
    fn params(&mut self) -> Vec<Param> {
        let (open, faults) = (self.peek().span, self.faults);
        let mut optional = false;
        let base = mem::replace(&mut self.base, self.open.len());
        let mut params = self.list(b')', true, |parser| {
            let param = parser.param()?;
            if optional && param.default.is_none() {
                let message = "a parameter without a default can't follow one with a default";
                parser.error(Diagnostic::error(param.at.0, message));
            }
            optional |= param.default.is_some();
            Some(param)
        });
        self.base = base;
        if params.len() > MAX_PARAMS && self.faults == faults {
            let message = format!("a definition has at most {MAX_PARAMS} parameters");
            self.error(Diagnostic::error(open.to(self.last()), message));
        }
        params.truncate(MAX_PARAMS);
        params
    }

    fn param(&mut self) -> Option<Param> {
        let token = self.peek();
        if token.kind != Kind::Name {
            self.expected("the name of a parameter");
            return None;
        }
        self.bump();
        let mut default = None;
        if self.at_mark(b'=') {
            self.bump();
            default = Some(self.expr()?);
        }
        Some(Param {
            name: self.slice(token).into(),
            default,
            at: At(token.span),
        })
    }
}
