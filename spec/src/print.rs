//! Printing of trees.

use std::fmt::{self, Display, Formatter, Write};

use crate::{
    Tree,
    tree::{Arg, Call, Chain, Expr, Item, Let, Param, Repeat},
    value::separated,
};

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, " ", &self.lets)?;
        if !self.lets.is_empty() && !self.items.is_empty() {
            f.write_char(' ')?;
        }
        separated(f, " ", &self.items)
    }
}

impl Display for Let {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "let {}", self.name)?;
        if !self.params.is_empty() {
            f.write_char('(')?;
            separated(f, ", ", &self.params)?;
            f.write_char(')')?;
        }
        f.write_str(" = ")?;
        bracketed(f, '[', std::slice::from_ref(&self.body), ']')?;
        f.write_char(';')
    }
}

impl Display for Param {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.default {
            Some(default) => write!(f, "={default}"),
            None => Ok(()),
        }
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
            Expr::Chain(chain) => return chain.fmt(f),
            // Without the comma, it would be arithmetic in parentheses.
            Expr::Tuple(parts) if matches!(parts[..], [Expr::Chain(_)]) => {
                return write!(f, "({},)", parts[0]);
            }
            Expr::Tuple(parts) => ('(', parts, ')'),
            Expr::OneOf(one_of) => ('{', &one_of.options, '}'),
        };
        f.write_char(open)?;
        separated(f, ", ", parts)?;
        f.write_char(close)
    }
}

impl Display for Chain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let operand = |f: &mut Formatter<'_>, operand: &Expr| match operand {
            Expr::Chain(inner) if inner.is_sum() || !self.is_sum() => write!(f, "({inner})"),
            operand => operand.fmt(f),
        };
        operand(f, &self.first)?;
        for (op, right) in &self.rest {
            f.write_char(op.mark())?;
            operand(f, right)?;
        }
        Ok(())
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
