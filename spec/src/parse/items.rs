//! Parsing of items: calls with their bodies, and alternatives.

use super::{Parser, too_few};
use crate::{
    Diagnostic,
    lex::Kind,
    tree::{At, Call, Item, OneOf},
};

impl Parser<'_> {
    /// Parses items up to the end, a bracket that closes an open one, or a `|` between branches.
    pub(super) fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        loop {
            let before = items.len();
            match self.peek().kind {
                Kind::End => return items,
                Kind::Mark(b'|') if !self.open.is_empty() => return items,
                // A bracket before the end of a definition is missing.
                Kind::Mark(b';') if self.defining => return items,
                Kind::Mark(b'{') => items.extend(self.braces()),
                Kind::Mark(mark) if self.open.contains(&mark) => return items,
                Kind::Mark(mark) => self.stray(mark, items.last_mut()),
                Kind::Bad if self.next_is(1, b'*') => items.extend(self.repeat()),
                Kind::Name | Kind::Bad => items.push(Item::Call(self.call())),
                Kind::Int(_) | Kind::Float(_) => items.extend(self.repeat()),
                Kind::Let => self.misplaced_definition(),
                Kind::Bool(_) | Kind::Text => {
                    let message = format!("{} is a value, not a call", self.found());
                    let span = self.bump().span;
                    self.error(Diagnostic::error(span, message));
                }
            }
            if items.len() > before {
                self.require_space();
            }
        }
    }

    /// Reports an error if no white space separates the next item from the previous one.
    fn require_space(&mut self) {
        let token = self.peek();
        let mark = matches!(token.kind, Kind::Mark(mark) if mark != b'{');
        if self.touches() && !mark && !matches!(token.kind, Kind::End | Kind::Bad) {
            let message = format!("missing white space before {}", self.found());
            self.error(Diagnostic::error(token.span, message));
        }
    }

    /// Reports a mark that is not allowed between items; `before` is the preceding item.
    fn stray(&mut self, mark: u8, before: Option<&mut Item>) {
        let span = self.peek().span;
        let this = self.found();
        let error = |message: String| Diagnostic::error(span, message);
        let opening = matches!(mark, b'(' | b'[');
        let diagnostic = match (mark, before) {
            (b'(' | b'[', Some(Item::Call(call))) if call.may_take(mark) => {
                call.broken = true;
                let name = &call.name;
                error(format!("unexpected white space before {this}"))
                    .help(format!("write `{name}{}`", char::from(mark)))
            }
            (b'[', _) => error(format!("expected a name or a count before {this}"))
                .help("a repetition is written `3*[ … ]`"),
            (b'(', _) => error(format!("expected a name before {this}")),
            (b')' | b']' | b'}', _) => error(format!("unmatched {this}")),
            (b',', _) => error(format!("unexpected {this} between calls"))
                .help("separate calls by white space, alternatives by `|`"),
            (b';', _) => error(format!("unexpected {this} between calls"))
                .help("separate calls by white space; only a definition ends with `;`"),
            (b'|', _) => {
                error(format!("unexpected {this}")).help("alternatives are written `{ … | … }`")
            }
            _ => error(format!("unexpected {this} between calls")),
        };
        self.error(diagnostic);
        self.bump();
        if opening {
            self.skip_brackets();
        }
    }

    /// Skips to the bracket that closes the one just consumed.
    fn skip_brackets(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 && self.peek().kind != Kind::End {
            match self.bump().kind {
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(b')' | b']' | b'}') => depth -= 1,
                _ => {}
            }
        }
    }

    pub(super) fn call(&mut self) -> Call {
        let faults = self.faults;
        let token = self.bump();
        let name = match token.kind {
            Kind::Name => self.slice(token).into(),
            _ => String::new(),
        };
        let args = match self.at_mark(b'(') && self.touches() {
            true => self.args(),
            false => Vec::new(),
        };
        let broken = self.faults != faults;
        let bracket = self.peek().span;
        let bodies = match self.at_mark(b'[') && self.touches() {
            true => self.branches(b']'),
            false => Vec::new(),
        };
        Call {
            name,
            name_at: At(token.span),
            args,
            bodies,
            bodies_at: At(bracket.to(self.last())),
            at: At(token.span.to(self.last())),
            broken,
        }
    }

    /// Parses `[ … | … ]`, or the same in braces: one or more branches, which may be empty.
    pub(super) fn branches(&mut self, close: u8) -> Vec<Vec<Item>> {
        let Some(open) = self.open(close) else {
            return Vec::new();
        };
        let mut branches = vec![self.items()];
        while self.at_mark(b'|') {
            self.bump();
            branches.push(self.items());
        }
        self.close(open, false);
        branches
    }

    /// Parses alternatives of counts or of specs.
    fn braces(&mut self) -> Option<Item> {
        let counts = matches!(
            self.tokens.get(self.at + 1).map(|token| token.kind),
            Some(Kind::Int(_) | Kind::Float(_))
        );
        if counts && (self.next_is(2, b',') || self.next_is(2, b'}')) {
            return self.repeat();
        }
        let (start, faults) = (self.peek().span, self.faults);
        let options = self.branches(b'}');
        let at = start.to(self.last());
        if options.len() < 2 && self.faults == faults {
            self.error(too_few(at, '|'));
        }
        Some(Item::OneOf(OneOf {
            options,
            at: At(at),
        }))
    }
}

impl Call {
    /// Returns `true` if an opening bracket after white space was probably meant for this call.
    fn may_take(&self, bracket: u8) -> bool {
        !self.name.is_empty() && self.bodies.is_empty() && (bracket == b'[' || self.args.is_empty())
    }
}
