//! What a text says, before anyone knows what its names mean.

use std::fmt::{self, Display, Formatter, Write};

use crate::Span;

/// A parsed text. Two trees are equal when they say the same, wherever it stands; printed, a tree is a text that is read as the same tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub(crate) items: Vec<Item>,
    /// The whole text.
    pub(crate) place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Call(CallTree),
    Repeat {
        count: Count,
        items: Vec<Item>,
        place: Place,
    },
    Choice {
        choices: Vec<Vec<Item>>,
        place: Place,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Count {
    Times(u32),
    /// One of several, for an experiment.
    OneOf(Vec<u32>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallTree {
    pub name: String,
    pub name_place: Place,
    pub args: Vec<ArgTree>,
    /// `None` without brackets.
    pub bodies: Option<Vec<Vec<Item>>>,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArgTree {
    pub name: Option<(String, Place)>,
    pub value: ValueTree,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueTree {
    pub kind: ValueKind,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ValueKind {
    Int(i64),
    Float(f64),
    Bool(bool),
    Word(String),
    Text(String),
    Tuple(Vec<ValueTree>),
    Choice(Vec<ValueTree>),
}

/// A place in the text, which is no part of what the text says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(pub Span);

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

impl Item {
    pub fn span(&self) -> Span {
        match self {
            Item::Call(call) => call.place.0,
            Item::Repeat { place, .. } | Item::Choice { place, .. } => place.0,
        }
    }
}

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        items(f, &self.items)
    }
}

/// What stands between others, with a separator.
pub(crate) fn list<T>(
    f: &mut Formatter<'_>,
    separator: &str,
    all: &[T],
    mut each: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, one) in all.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        each(f, one)?;
    }
    Ok(())
}

fn items(f: &mut Formatter<'_>, all: &[Item]) -> fmt::Result {
    list(f, " ", all, |f, item| item.fmt(f))
}

fn bracketed(f: &mut Formatter<'_>, open: char, specs: &[Vec<Item>], close: char) -> fmt::Result {
    f.write_char(open)?;
    list(f, "|", specs, |f, spec| {
        f.write_char(' ')?;
        items(f, spec)?;
        if spec.is_empty() {
            Ok(())
        } else {
            f.write_char(' ')
        }
    })?;
    f.write_char(close)
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Item::Call(call) => call.fmt(f),
            Item::Choice { choices, .. } => bracketed(f, '{', choices, '}'),
            Item::Repeat { count, items, .. } => {
                match count {
                    Count::Times(n) => write!(f, "{n}*")?,
                    Count::OneOf(counts) => {
                        f.write_char('{')?;
                        list(f, ", ", counts, |f, n| n.fmt(f))?;
                        f.write_str("}*")?;
                    }
                }
                match &items[..] {
                    [Item::Call(call)] => call.fmt(f),
                    _ => bracketed(f, '[', std::slice::from_ref(items), ']'),
                }
            }
        }
    }
}

impl Display for CallTree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.args.is_empty() {
            f.write_char('(')?;
            list(f, ", ", &self.args, |f, arg| {
                if let Some((name, _)) = &arg.name {
                    write!(f, "{name}=")?;
                }
                arg.value.fmt(f)
            })?;
            f.write_char(')')?;
        }
        match &self.bodies {
            Some(bodies) => bracketed(f, '[', bodies, ']'),
            None => Ok(()),
        }
    }
}

impl Display for ValueTree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ValueKind::Int(value) => value.fmt(f),
            ValueKind::Float(value) => write!(f, "{value:?}"),
            ValueKind::Bool(value) => value.fmt(f),
            ValueKind::Word(word) => f.write_str(word),
            ValueKind::Text(text) => quoted(f, text),
            ValueKind::Tuple(values) => {
                f.write_char('(')?;
                list(f, ", ", values, |f, value| value.fmt(f))?;
                f.write_char(')')
            }
            ValueKind::Choice(values) => {
                f.write_char('{')?;
                list(f, ", ", values, |f, value| value.fmt(f))?;
                f.write_char('}')
            }
        }
    }
}

/// A text with its quotes.
pub(crate) fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
