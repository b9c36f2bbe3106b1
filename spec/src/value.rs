//! The values of arguments.

use std::fmt::{self, Display, Formatter};

use crate::tree::{ValueKind, ValueTree, list, quoted};

/// A value as a text gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number; finite.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A bare word.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// Values in parentheses.
    Tuple(Vec<Value>),
}

impl Value {
    /// The value of a tree; `None` where it holds alternatives.
    pub(crate) fn of(tree: &ValueTree) -> Option<Value> {
        Some(match &tree.kind {
            ValueKind::Int(value) => Value::Int(*value),
            ValueKind::Float(value) => Value::Float(*value),
            ValueKind::Bool(value) => Value::Bool(*value),
            ValueKind::Word(word) => Value::Word(word.clone()),
            ValueKind::Text(text) => Value::Text(text.clone()),
            ValueKind::Tuple(values) => {
                Value::Tuple(values.iter().map(Value::of).collect::<Option<_>>()?)
            }
            ValueKind::Choice(_) => return None,
        })
    }
}

/// As it is written in a text.
impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(value) => value.fmt(f),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Bool(value) => value.fmt(f),
            Value::Word(word) => f.write_str(word),
            Value::Text(text) => quoted(f, text),
            Value::Tuple(values) => {
                f.write_str("(")?;
                list(f, ", ", values, |f, value| value.fmt(f))?;
                f.write_str(")")
            }
        }
    }
}
