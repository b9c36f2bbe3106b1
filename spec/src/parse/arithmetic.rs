//! Parsing of arithmetic on integers.

use super::Parser;
use crate::{
    Diagnostic, Value,
    diagnostic::quote,
    lex::Kind,
    tree::{At, Chain, Expr, OneOf, Op},
};

impl Parser<'_> {
    /// Parses a value: terms separated by `+` and `-`.
    pub(super) fn expr(&mut self) -> Option<Expr> {
        self.chain(&[Op::Add, Op::Sub], |parser| {
            parser.chain(&[Op::Mul, Op::Div], Parser::primary)
        })
    }

    /// Parses operands separated by operators of the same precedence.
    fn chain(&mut self, ops: &[Op], part: impl Fn(&mut Self) -> Option<Expr>) -> Option<Expr> {
        let start = self.peek().span;
        let first = part(self)?;
        let mut at = start.to(self.last());
        let Some(mut op) = self.operator(ops) else {
            return Some(first);
        };
        let first = Box::new(self.operand(first, at)?);
        let mut rest = Vec::new();
        loop {
            self.bump();
            let from = self.peek().span;
            let right = part(self)?;
            rest.push((op, self.operand(right, from.to(self.last()))?));
            at = start.to(self.last());
            match self.operator(ops) {
                Some(next) => op = next,
                None => break,
            }
        }
        let at = At(at);
        Some(Expr::Chain(Chain { first, rest, at }))
    }

    fn operator(&self, ops: &[Op]) -> Option<Op> {
        let Kind::Mark(mark) = self.peek().kind else {
            return None;
        };
        ops.iter().copied().find(|op| op.mark() == char::from(mark))
    }

    /// Returns what an operand stands for, without parentheses around it. Reports anything that
    /// can't be an integer.
    fn operand(&mut self, expr: Expr, at: crate::Span) -> Option<Expr> {
        match integer(expr) {
            Ok(expr) => Some(expr),
            Err(()) => {
                let found = quote(&self.text[at.start..at.end]);
                let message =
                    format!("expected an integer or a name next to an operator, found {found}");
                self.error(Diagnostic::error(at, message));
                None
            }
        }
    }
}

/// Removes parentheses around operands. Fails for anything that can't be an integer.
fn integer(expr: Expr) -> Result<Expr, ()> {
    match expr {
        Expr::Value(Value::Int(_) | Value::Word(_)) | Expr::Chain(_) => Ok(expr),
        Expr::Value(_) => Err(()),
        Expr::Tuple(parts) => match <[Expr; 1]>::try_from(parts) {
            Ok([one]) => integer(one),
            Err(_) => Err(()),
        },
        Expr::OneOf(OneOf { options, at }) => {
            let options = options.into_iter().map(integer).collect::<Result<_, _>>()?;
            Ok(Expr::OneOf(OneOf { options, at }))
        }
    }
}
