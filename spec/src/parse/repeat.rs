//! Parsing of repetitions.

use super::{MAX_COUNT, Parser};
use crate::{
    Diagnostic,
    diagnostic::quote,
    lex::Kind,
    tree::{At, Item, Repeat},
};

impl Parser<'_> {
    /// Parses `3*relu`, `3*[ … ]` or `{0, 1}*[ … ]`. Returns `None` if it isn't a repetition or the
    /// body is missing.
    pub(super) fn repeat(&mut self) -> Option<Item> {
        let (start, faults) = (self.peek().span, self.faults);
        let counts = match self.peek().kind {
            Kind::Mark(_) => self.alternatives(Parser::count),
            _ if self.next_is(1, b'*') => self.count().into_iter().collect(),
            _ => {
                self.bump();
                Vec::new()
            }
        };
        let counts_at = start.to(self.last());
        if !self.at_mark(b'*') {
            if self.faults == faults {
                let message = format!(
                    "{} is not a call",
                    quote(&self.text[counts_at.start..counts_at.end])
                );
                let help = "a repetition is written `3*relu` or `3*[ … ]`";
                self.error(Diagnostic::error(counts_at, message).help(help));
            }
            return None;
        }
        let mut apart = !self.touches();
        let star = self.bump().span;
        let body = match self.peek().kind {
            Kind::Name | Kind::Bad => {
                apart |= !self.touches();
                vec![Item::Call(self.call())]
            }
            Kind::Mark(b'[') => {
                apart |= !self.touches();
                let at = self.peek().span;
                let branches = self.branches(b']');
                if branches.len() > 1 {
                    let message = "a repetition has one body, without `|`";
                    self.error(Diagnostic::error(at.to(self.last()), message));
                }
                branches.into_iter().next().unwrap_or_default()
            }
            _ => {
                self.expected("a call or `[` after `*`");
                return None;
            }
        };
        if apart {
            self.error(Diagnostic::error(
                star,
                "unexpected white space next to `*`",
            ));
        }
        Some(Item::Repeat(Repeat {
            counts,
            counts_at: At(counts_at),
            body,
            at: At(start.to(self.last())),
        }))
    }

    fn count(&mut self) -> Option<u16> {
        let token = self.peek();
        let digits = self.slice(token).starts_with(|c: char| c.is_ascii_digit());
        match token.kind {
            Kind::Int(n) if digits && n <= MAX_COUNT.into() => {
                self.bump();
                return u16::try_from(n).ok();
            }
            Kind::Int(_) | Kind::Float(_) => {
                let message = format!(
                    "count must be an integer, 0 to {MAX_COUNT}, got {}",
                    self.found()
                );
                self.error(Diagnostic::error(token.span, message));
                self.bump();
            }
            Kind::Bad => {
                self.bump();
            }
            _ => self.expected("a count"),
        }
        None
    }
}
