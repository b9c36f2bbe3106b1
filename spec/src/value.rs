//! Values of arguments.

use std::fmt::{self, Write};

/// The value of an argument. Its display parses back to the same value if numbers are finite and
/// words are valid names.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `3`, `-3`
    Int(i64),
    /// `0.5`, `1e-3`
    Float(f64),
    /// `true`, `false`
    Bool(bool),
    /// `same`
    Word(String),
    /// `"any text"`
    Text(String),
    /// `(3, 5)`
    Tuple(Vec<Value>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(n) => write!(f, "{n}"),
            // Unlike the `Display` form, the `Debug` form of a number always has a point or an
            // exponent.
            Value::Float(x) => write!(f, "{x:?}"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Word(word) => f.write_str(word),
            Value::Text(text) => {
                f.write_char('"')?;
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                }
                f.write_char('"')
            }
            Value::Tuple(values) => {
                f.write_char('(')?;
                separated(f, ", ", values)?;
                f.write_char(')')
            }
        }
    }
}

/// Writes elements with a separator between them.
pub(crate) fn separated(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    things: impl IntoIterator<Item: fmt::Display>,
) -> fmt::Result {
    for (i, thing) in things.into_iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{thing}")?;
    }
    Ok(())
}
