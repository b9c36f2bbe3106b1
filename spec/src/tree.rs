//! The syntax tree.

use std::sync::Arc;

use crate::{Diagnostic, Span, SpecError, Value};

/// The maximum nesting depth of brackets.
pub const MAX_DEPTH: usize = 64;

/// A syntax tree: a text that follows the grammar, with names not yet looked up.
///
/// Equality ignores the text and locations in it. Displaying a tree yields a text that parses to an equal tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The text that was parsed, to which all locations refer.
    pub(crate) text: Arc<str>,
    /// The definitions, which come first.
    pub(crate) lets: Vec<Let>,
    pub(crate) items: Vec<Item>,
}

impl Tree {
    /// Creates an error about the text.
    pub(crate) fn error(&self, diagnostics: Vec<Diagnostic>) -> SpecError {
        SpecError::new(&*self.text, diagnostics)
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.lets == other.lets && self.items == other.items
    }
}

/// A definition: `let block(n, s=1) = [ … ];`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Let {
    pub name: String,
    pub name_at: At,
    pub params: Vec<Param>,
    pub body: Vec<Item>,
    pub at: At,
    /// Whether an error inside of it has been reported.
    pub broken: bool,
}

/// A parameter of a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Param {
    pub name: String,
    pub default: Option<Expr>,
    pub at: At,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Call(Call),
    Repeat(Repeat),
    OneOf(OneOf<Vec<Item>>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub name: String,
    pub name_at: At,
    pub args: Vec<Arg>,
    /// One list of items per branch; empty if there are no brackets.
    pub bodies: Vec<Vec<Item>>,
    /// Location of the brackets.
    pub bodies_at: At,
    pub at: At,
    /// Whether an error inside the call has been reported. Missing parts are then not reported,
    /// since that error may be the cause.
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repeat {
    /// A single count, or several alternatives.
    pub counts: Vec<u16>,
    pub counts_at: At,
    pub body: Vec<Item>,
    pub at: At,
}

/// Alternatives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OneOf<T> {
    pub options: Vec<T>,
    pub at: At,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arg {
    pub name: Option<String>,
    /// Location of the name, or of the value if there is no name.
    pub name_at: At,
    pub value: Expr,
    pub at: At,
}

/// A value that may contain alternatives and arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// Any value except a tuple.
    Value(Value),
    Tuple(Vec<Expr>),
    OneOf(OneOf<Expr>),
    Chain(Chain),
}

/// Operators of the same precedence, applied from left to right. A list rather than a tree of
/// pairs, so that the nesting depth is that of the parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    /// The operands are integers, names, chains, or alternatives of these.
    pub first: Box<Expr>,
    pub rest: Vec<(Op, Expr)>,
    pub at: At,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
}

impl Op {
    pub fn mark(self) -> char {
        match self {
            Op::Add => '+',
            Op::Sub => '-',
            Op::Mul => '*',
            Op::Div => '/',
        }
    }

    /// Returns `true` for `+` and `-`.
    pub fn is_sum(self) -> bool {
        matches!(self, Op::Add | Op::Sub)
    }
}

impl Chain {
    /// Returns the operands.
    pub fn operands(&self) -> impl Iterator<Item = &Expr> {
        [&*self.first]
            .into_iter()
            .chain(self.rest.iter().map(|(_, operand)| operand))
    }

    /// Returns the same chain with other operands.
    pub fn with(&self, operands: Vec<Expr>) -> Option<Chain> {
        let mut operands = operands.into_iter();
        Some(Chain {
            first: Box::new(operands.next()?),
            rest: self.rest.iter().map(|(op, _)| *op).zip(operands).collect(),
            at: self.at,
        })
    }

    /// Returns `true` if its operators are `+` and `-`.
    pub fn is_sum(&self) -> bool {
        self.rest.iter().any(|(op, _)| op.is_sum())
    }
}

impl Item {
    pub fn span(&self) -> Span {
        match self {
            Item::Call(call) => call.at.0,
            Item::Repeat(repeat) => repeat.at.0,
            Item::OneOf(one_of) => one_of.at.0,
        }
    }
}

/// Returns the span from the first item to the last.
pub(crate) fn span(items: &[Item]) -> Span {
    match items {
        [first, .., last] => first.span().to(last.span()),
        [only] => only.span(),
        [] => Span::default(),
    }
}

/// A location, ignored by equality.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
