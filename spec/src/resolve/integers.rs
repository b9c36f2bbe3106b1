//! Values of arguments, in which integers may be given by name.

use super::{Resolver, alternatives};
use crate::{
    Diagnostic, Named, Value, info::Facts, nearest::nearest, presets::Integer, tree::Expr,
};

impl<D: Named> Resolver<'_, D> {
    /// Returns the value of an argument. The name of an integer is replaced by the integer if the
    /// argument takes integers, and is not one of the argument's words.
    pub(super) fn value(&self, expr: &Expr, facts: &Facts) -> Result<Value, Diagnostic> {
        Ok(match expr {
            Expr::Value(Value::Word(word)) => match self.integer(word) {
                Some(Integer { value, .. })
                    if facts.kind.is_integer() && !facts.choices.contains(&word.as_str()) =>
                {
                    let value = value.map(|value| i64::try_from(value).unwrap_or(i64::MAX));
                    Value::Int(value.unwrap_or_else(|| facts.least_integer()))
                }
                _ => Value::Word(word.clone()),
            },
            Expr::Value(value) => value.clone(),
            Expr::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.value(part, facts));
                Value::Tuple(parts.collect::<Result<_, _>>()?)
            }
            Expr::OneOf(one_of) => return Err(alternatives(one_of.at.0)),
        })
    }

    /// Adds a help to the error for an invalid value: what a name in it stands for, or which name
    /// was probably meant.
    pub(super) fn explain(&self, error: Diagnostic, expr: &Expr) -> Diagnostic {
        let mut words = words(expr).into_iter();
        let known = words.clone().find_map(|word| self.integer(word));
        let names = || self.integers.iter().map(|known| known.name);
        let help = match known {
            Some(Integer { name, value }) => Some(match value {
                Some(value) => format!("`{name}` is the integer {value}"),
                None => format!("`{name}` is an integer"),
            }),
            None if error.help.is_some() => return error,
            None => {
                let near = words.find_map(|word| nearest(word, names()));
                near.map(|near| format!("did you mean `{near}`?"))
            }
        };
        error.maybe_help(help)
    }

    fn integer(&self, name: &str) -> Option<Integer> {
        let mut integers = self.integers.iter().copied();
        integers.find(|known| known.name == name)
    }
}

/// Returns the words in a value.
fn words(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Value(Value::Word(word)) => vec![word],
        Expr::Tuple(parts) => parts.iter().flat_map(words).collect(),
        Expr::Value(_) | Expr::OneOf(_) => Vec::new(),
    }
}
