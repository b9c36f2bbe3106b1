//! Deferred values, in which everything that is known is replaced.

use super::Integer;
use crate::{
    Named, Value,
    arithmetic::compute,
    resolve::{Resolver, locals::Bound},
    tree::Expr,
};

impl<D: Named> Resolver<'_, D> {
    /// Replaces everything that is known in a deferred value.
    pub(super) fn closed(&self, expr: &Expr) -> Expr {
        match expr {
            Expr::Value(Value::Word(word)) => match self.locals.parameter(word) {
                Some(Bound::Value(value)) => self.closed_value(value),
                Some(Bound::Unknown) => expr.clone(),
                None => self.closed_value(&Value::Word(word.clone())),
            },
            Expr::Value(_) | Expr::OneOf(_) => expr.clone(),
            Expr::Tuple(parts) => Expr::Tuple(parts.iter().map(|part| self.closed(part)).collect()),
            Expr::Chain(chain) => {
                let operands = chain.operands().map(|operand| self.closed(operand));
                let closed = chain.with(operands.collect());
                let computed = closed.as_ref().and_then(|chain| {
                    let known = |operand: &Expr| match operand {
                        Expr::Value(Value::Int(n)) => Ok(Some(*n)),
                        _ => Ok(None),
                    };
                    compute(chain, known).ok().flatten()
                });
                match computed {
                    Some(n) => Expr::Value(Value::Int(n)),
                    None => closed.map_or_else(|| expr.clone(), Expr::Chain),
                }
            }
        }
    }

    fn closed_value(&self, value: &Value) -> Expr {
        match value {
            Value::Word(word) => match self.integer(word) {
                Some(Integer::Known(n)) => Expr::Value(Value::Int(n)),
                _ => Expr::Value(value.clone()),
            },
            Value::Tuple(parts) => {
                Expr::Tuple(parts.iter().map(|part| self.closed_value(part)).collect())
            }
            value => Expr::Value(value.clone()),
        }
    }
}
