//! Help for values with names in them.

use super::Integer;
use crate::{
    Diagnostic, Named, Value,
    diagnostic::{clip, quote},
    nearest::nearest,
    resolve::{Resolver, locals::Bound},
    tree::Expr,
};

impl<D: Named> Resolver<'_, D> {
    /// Adds a help to the error for an invalid value: what a name in it stands for, or which name
    /// was probably meant.
    pub(in crate::resolve) fn explain(&self, error: Diagnostic, expr: &Expr) -> Diagnostic {
        let mut words = words(expr).into_iter();
        let known = words.clone().find_map(|word| self.meaning(word));
        let help = match known {
            Some(meaning) => Some(meaning),
            None if error.help.is_some() => return error,
            None => {
                let near = words.find_map(|word| nearest(word, self.known_names()));
                near.map(|near| format!("did you mean `{near}`?"))
            }
        };
        error.maybe_help(help)
    }

    /// Describes what a name stands for.
    fn meaning(&self, name: &str) -> Option<String> {
        if let Some(bound) = self.locals.parameter(name) {
            return Some(match bound {
                Bound::Value(value) => {
                    format!("{} is {} here", quote(name), clip(&value.to_string()))
                }
                Bound::Unknown => format!("{} is a parameter", quote(name)),
            });
        }
        Some(match self.integer(name)? {
            Integer::Known(n) => format!("`{name}` is the integer {n}"),
            Integer::Unknown | Integer::Deferred => format!("`{name}` is an integer"),
        })
    }
}

/// Returns the words in a value.
fn words(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Value(Value::Word(word)) => vec![word],
        Expr::Tuple(parts) => parts.iter().flat_map(words).collect(),
        Expr::Chain(chain) => chain.operands().flat_map(words).collect(),
        Expr::Value(_) | Expr::OneOf(_) => Vec::new(),
    }
}
