//! Printing of trees.

use std::fmt::{self, Display, Formatter, Write};

use crate::{
    Tree,
    tree::{Arg, Call, Expr, Item, Repeat},
    value::separated,
};

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, " ", &self.items)
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Item::Call(call) => call.fmt(f),
            Item::Repeat(repeat) => repeat.fmt(f),
            Item::OneOf(one_of) => bracketed(f, '{', &one_of.options, '}'),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.args.is_empty() {
            f.write_char('(')?;
            separated(f, ", ", &self.args)?;
            f.write_char(')')?;
        }
        if !self.bodies.is_empty() {
            bracketed(f, '[', &self.bodies, ']')?;
        }
        Ok(())
    }
}

impl Display for Repeat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.counts[..] {
            [count] => write!(f, "{count}*")?,
            counts => {
                f.write_char('{')?;
                separated(f, ", ", counts)?;
                f.write_str("}*")?;
            }
        }
        match &self.body[..] {
            [Item::Call(call)] => call.fmt(f),
            _ => bracketed(f, '[', std::slice::from_ref(&self.body), ']'),
        }
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        self.value.fmt(f)
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (open, parts, close) = match self {
            Expr::Value(value) => return value.fmt(f),
            Expr::Tuple(parts) => ('(', parts, ')'),
            Expr::OneOf(one_of) => ('{', &one_of.options, '}'),
        };
        f.write_char(open)?;
        separated(f, ", ", parts)?;
        f.write_char(close)
    }
}

/// Writes branches in brackets: `[ relu | ]`. Each branch is surrounded by spaces; an empty one is
/// a single space.
fn bracketed(
    f: &mut Formatter<'_>,
    open: char,
    branches: &[Vec<Item>],
    close: char,
) -> fmt::Result {
    f.write_char(open)?;
    for (i, branch) in branches.iter().enumerate() {
        if i > 0 {
            f.write_char('|')?;
        }
        f.write_char(' ')?;
        if !branch.is_empty() {
            separated(f, " ", branch)?;
            f.write_char(' ')?;
        }
    }
    f.write_char(close)
}
