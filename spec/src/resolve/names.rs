//! Values of arguments, in which parameters and integers are given by name.

mod closed;
mod explain;

use std::sync::Arc;

use super::{
    Resolver, alternatives,
    locals::{Bound, size},
};
use crate::{
    Diagnostic, Named, Span, Value,
    arithmetic::compute,
    diagnostic::{clip, list, quote},
    info::Facts,
    nearest::nearest,
    tree::{Chain, Expr},
};

/// What a name stands for where an integer is expected.
#[derive(Clone, Copy)]
enum Integer {
    Known(i64),
    /// Not known when the text is read.
    Unknown,
    /// Known where the call is used.
    Deferred,
}

/// What was found in a value while it was computed.
#[derive(Default)]
struct Seen {
    deferred: bool,
    /// Whether it contains a parameter that isn't bound.
    unbound: bool,
}

/// The value of an argument, and how it is written if it is deferred.
type Written = (Value, Option<Arc<Expr>>);

impl<'a, D: Named> Resolver<'a, D> {
    /// Returns the value of an argument. A parameter is replaced by its value, and the name of an
    /// integer by the integer if the argument takes integers and the name is not one of the
    /// argument's words. A value that isn't known yet is replaced by an arbitrary allowed one.
    pub(super) fn value(&mut self, expr: &Expr, facts: &Facts) -> Result<Written, Diagnostic> {
        let mut seen = Seen::default();
        let value = self.part(expr, facts, &mut seen)?;
        Ok(match seen {
            Seen { unbound: true, .. } => (facts.least(), None),
            Seen { deferred: true, .. } => (value, Some(Arc::new(self.closed(expr)))),
            _ => (value, None),
        })
    }

    fn part(&mut self, expr: &Expr, facts: &Facts, seen: &mut Seen) -> Result<Value, Diagnostic> {
        Ok(match expr {
            Expr::Value(value) => match self.bound_to(value)? {
                None => self.named(value, facts, seen),
                Some(Bound::Value(value)) => self.named(&value, facts, seen),
                Some(Bound::Unknown) => {
                    seen.unbound |= !facts.kind.is_integer();
                    Value::Int(facts.least_integer())
                }
            },
            Expr::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.part(part, facts, seen));
                Value::Tuple(parts.collect::<Result<_, _>>()?)
            }
            Expr::Chain(chain) => {
                let result = self.compute(chain, seen)?;
                Value::Int(result.unwrap_or_else(|| facts.least_integer()))
            }
            Expr::OneOf(one_of) => return Err(alternatives(one_of.at.0)),
        })
    }

    /// Replaces names of integers in a value without parameters.
    fn named(&self, value: &Value, facts: &Facts, seen: &mut Seen) -> Value {
        match value {
            Value::Word(word)
                if facts.kind.is_integer() && !facts.choices.contains(&word.as_str()) =>
            {
                match self.integer(word) {
                    Some(Integer::Known(n)) => Value::Int(n),
                    Some(integer) => {
                        seen.deferred |= matches!(integer, Integer::Deferred);
                        Value::Int(facts.least_integer())
                    }
                    None => value.clone(),
                }
            }
            Value::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.named(part, facts, seen));
                Value::Tuple(parts.collect())
            }
            value => value.clone(),
        }
    }

    /// Computes arithmetic; `None` if an operand isn't known yet.
    fn compute(&mut self, chain: &Chain, seen: &mut Seen) -> Result<Option<i64>, Diagnostic> {
        compute(chain, |operand| self.operand(operand, chain.at.0, seen))
    }

    fn operand(
        &mut self,
        expr: &Expr,
        at: Span,
        seen: &mut Seen,
    ) -> Result<Option<i64>, Diagnostic> {
        let value = match expr {
            Expr::Chain(chain) => return self.compute(chain, seen),
            Expr::OneOf(one_of) => return Err(alternatives(one_of.at.0)),
            Expr::Tuple(_) => None,
            Expr::Value(value) => match self.bound_to(value)? {
                Some(Bound::Unknown) => return Ok(None),
                Some(Bound::Value(value)) => Some(value),
                None => Some(value.clone()),
            },
        };
        match &value {
            Some(Value::Int(n)) => return Ok(Some(*n)),
            Some(Value::Word(word)) => {
                if let Some(integer) = self.integer(word) {
                    seen.deferred |= matches!(integer, Integer::Deferred);
                    return Ok(match integer {
                        Integer::Known(n) => Some(n),
                        _ => None,
                    });
                }
            }
            _ => {}
        }
        let shown = quote(&expr.to_string());
        Err(match (expr, value) {
            (Expr::Value(Value::Word(name)), Some(Value::Word(word))) if *name == word => {
                let known: Vec<_> = self.known_names().collect();
                let error = Diagnostic::error(at, format!("unknown name {shown}"));
                match nearest(name, known.iter().copied()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => error.help("no names of integers are known here"),
                    None => error.help(format!("available: {}", list(known))),
                }
            }
            (_, Some(value)) => {
                let value = clip(&value.to_string());
                let message = format!("{shown} is {value}, which is not an integer");
                Diagnostic::error(at, message)
            }
            (_, None) => Diagnostic::error(at, format!("{shown} is not an integer")),
        })
    }

    /// Returns the value of an argument of a definition, before it is known where it is used.
    pub(super) fn bound(&mut self, expr: &Expr, at: Span) -> Result<Bound, Diagnostic> {
        Ok(match expr {
            Expr::Value(value) => {
                let bound = self.bound_to(value)?;
                let bound = bound.unwrap_or_else(|| Bound::Value(value.clone()));
                if let Bound::Value(Value::Word(word)) = &bound
                    && let Some(Integer::Deferred) = self.integer(word)
                {
                    return Err(passed(word, at));
                }
                bound
            }
            Expr::Tuple(parts) => {
                let mut values = Vec::with_capacity(parts.len());
                let mut known = true;
                for part in parts {
                    match self.bound(part, at)? {
                        Bound::Value(value) => values.push(value),
                        Bound::Unknown => known = false,
                    }
                }
                match known {
                    true => Bound::Value(Value::Tuple(values)),
                    false => Bound::Unknown,
                }
            }
            Expr::Chain(chain) => {
                let mut seen = Seen::default();
                let result = self.compute(chain, &mut seen)?;
                if seen.deferred {
                    return Err(passed(&chain.to_string(), at));
                }
                result.map_or(Bound::Unknown, |n| Bound::Value(Value::Int(n)))
            }
            Expr::OneOf(one_of) => return Err(alternatives(one_of.at.0)),
        })
    }

    /// Returns what a value is bound to if it is a parameter.
    fn bound_to(&mut self, value: &Value) -> Result<Option<Bound>, Diagnostic> {
        let parameter = match value {
            Value::Word(word) => self.locals.parameter(word),
            _ => None,
        };
        // Before it is copied.
        let size = match parameter {
            Some(Bound::Value(value)) => size(value),
            _ => size(value),
        };
        self.locals.spend(size)?;
        Ok(match value {
            Value::Word(word) => self.locals.parameter(word).cloned(),
            _ => None,
        })
    }

    fn integer(&self, name: &str) -> Option<Integer> {
        if self.names.deferred().contains(&name) {
            return Some(Integer::Deferred);
        }
        let mut integers = self.names.integers().iter();
        let known = integers.find(|known| known.name == name)?;
        Some(match known.value {
            Some(n) => Integer::Known(i64::try_from(n).unwrap_or(i64::MAX)),
            None => Integer::Unknown,
        })
    }

    /// Returns `true` if a name stands for an integer everywhere.
    pub(super) fn is_integer(&self, name: &str) -> bool {
        self.integer(name).is_some()
    }

    /// Returns all names that can be used in arithmetic.
    fn known_names(&self) -> impl Iterator<Item = &str> {
        let integers = self.names.integers().iter().map(|known| known.name);
        let deferred = self.names.deferred().iter().copied();
        self.locals.parameters().chain(integers).chain(deferred)
    }
}

/// The error for a deferred integer that is passed to a definition, in which it would change from
/// call to call.
fn passed(what: &str, at: Span) -> Diagnostic {
    let message = format!("{} depends on where it is used", quote(what));
    Diagnostic::error(at, message).help("use it in the body of the definition instead")
}
