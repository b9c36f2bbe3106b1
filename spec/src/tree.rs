//! A text that follows the grammar.

use crate::{Span, Value};

/// The deepest nesting of brackets.
pub const MAX_DEPTH: usize = 64;

/// A text that follows the grammar; what its names mean isn't known yet.
///
/// Two trees are equal when they say the same, wherever it stands. The display is a text that parses back to an equal tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub(crate) items: Vec<Item>,
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
    /// Empty without brackets, else one item a branch.
    pub bodies: Vec<Vec<Item>>,
    /// The brackets.
    pub bodies_at: At,
    pub at: At,
    /// Whether an error in it has been reported, so that what it lacks may be due to that.
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repeat {
    /// One, or several alternatives.
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
    /// The name's place; the value's where there is none.
    pub name_at: At,
    pub value: Expr,
    pub at: At,
}

/// A value that may have alternatives in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// Anything but a tuple.
    Value(Value),
    Tuple(Vec<Expr>),
    OneOf(OneOf<Expr>),
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

/// From the first item to the last.
pub(crate) fn span(items: &[Item]) -> Span {
    match items {
        [first, .., last] => first.span().to(last.span()),
        [only] => only.span(),
        [] => Span::default(),
    }
}

/// A place, which makes no difference to what a tree says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
