//! Arithmetic on integers.

use crate::{
    Diagnostic,
    diagnostic::quote,
    tree::{Chain, Expr, Op},
};

/// Computes a chain of operators. `operand` returns the value of an operand, or `None` if it isn't
/// known yet; then neither is the result.
///
/// # Errors
/// Those of `operand`; or if a division leaves a remainder, or a result is too large.
pub(crate) fn compute(
    chain: &Chain,
    mut operand: impl FnMut(&Expr) -> Result<Option<i64>, Diagnostic>,
) -> Result<Option<i64>, Diagnostic> {
    let mut result = operand(&chain.first)?;
    for (op, right) in &chain.rest {
        let right = operand(right)?;
        result = match (result, right) {
            (Some(left), Some(right)) => Some(apply(*op, left, right).map_err(|problem| {
                let message = format!("{} {problem}", quote(&chain.to_string()));
                Diagnostic::error(chain.at.0, message)
            })?),
            _ => None,
        };
    }
    Ok(result)
}

fn apply(op: Op, a: i64, b: i64) -> Result<i64, String> {
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        Op::Div if b == 0 => return Err(format!("divides by zero: {a} / 0")),
        Op::Div => match a.checked_rem(b) {
            Some(0) | None => a.checked_div(b),
            Some(rest) => {
                let what = format!("{a} / {b} leaves a remainder of {rest}");
                return Err(format!("is not an integer: {what}"));
            }
        },
    };
    result.ok_or_else(|| format!("is too large: {a} {} {b}", op.mark()))
}
