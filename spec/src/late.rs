//! Values that depend on where a call is used.

use crate::{Diagnostic, Value, arithmetic::compute, info::Facts, tree::Expr};

/// Returns the value of a deferred integer by its name.
pub(crate) type Lookup<'a> = &'a mut dyn FnMut(&str) -> Result<usize, Diagnostic>;

/// Computes a value in which all other names have been replaced by what they stand for.
pub(crate) fn value(expr: &Expr, facts: &Facts, size: Lookup<'_>) -> Result<Value, Diagnostic> {
    Ok(match expr {
        Expr::Value(Value::Word(word)) if !facts.choices.contains(&word.as_str()) => {
            Value::Int(named(word, size)?)
        }
        Expr::Value(value) => value.clone(),
        Expr::Tuple(parts) => {
            let parts = parts.iter().map(|part| value(part, facts, size));
            Value::Tuple(parts.collect::<Result<_, _>>()?)
        }
        Expr::Chain(_) | Expr::OneOf(_) => Value::Int(integer(expr, size)?),
    })
}

fn named(word: &str, size: Lookup<'_>) -> Result<i64, Diagnostic> {
    Ok(i64::try_from(size(word)?).unwrap_or(i64::MAX))
}

/// Computes an operand. The resolver accepts no others than these.
fn integer(expr: &Expr, size: Lookup<'_>) -> Result<i64, Diagnostic> {
    match expr {
        Expr::Value(Value::Int(n)) => Ok(*n),
        Expr::Value(Value::Word(word)) => named(word, size),
        Expr::Chain(chain) => {
            let result = compute(chain, |operand| integer(operand, size).map(Some))?;
            Ok(result.unwrap_or_default())
        }
        _ => Err(Diagnostic::error(
            crate::Span::default(),
            format!("`{expr}` is not an integer"),
        )),
    }
}
