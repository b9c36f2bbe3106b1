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
        self.items == other.items
    }
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

/// A value that may contain alternatives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// Any value except a tuple.
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
