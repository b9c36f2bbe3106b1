//! The expanded size of a tree, computed without expanding it.

use crate::{
    Diagnostic,
    tree::{Expr, Item, MAX_DEPTH, Repeat},
};

/// The maximum number of calls of a text, after expanding repetitions, presets and definitions.
pub const MAX_CALLS: u64 = 10_000;

/// The size of a tree after expanding presets and definitions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Number of calls, including those in bodies.
    pub calls: u64,
    /// Like `calls`, but a body repeated 0 times counts once, since it has to be resolved too, and
    /// so does each use of a preset or definition, which may be empty.
    pub written: u64,
    /// Nesting depth of brackets and presets.
    pub depth: usize,
    /// Whether there are any alternatives.
    pub alternatives: bool,
}

impl Extent {
    fn add(&mut self, other: Extent) {
        self.calls += other.calls;
        self.written += other.written;
        self.depth = self.depth.max(other.depth);
        self.alternatives |= other.alternatives;
    }

    /// Returns the extent of a call that stands for something of this extent.
    pub fn used(self) -> Extent {
        Extent {
            written: self.written + 1,
            ..self.nested()
        }
    }

    fn nested(self) -> Extent {
        Extent {
            depth: self.depth + 1,
            ..self
        }
    }
}

/// Measures a tree. `named` returns the extent of a call to a preset or definition. The numbers
/// can't overflow: each is checked before it is multiplied by a count, which is at most 1000.
///
/// # Errors
/// If the tree exceeds the maximum length or depth; the error points at the innermost item that
/// does.
pub(crate) fn measure(
    items: &[Item],
    named: &dyn Fn(&str) -> Option<Extent>,
) -> Result<Extent, Diagnostic> {
    let mut total = Extent::default();
    for item in items {
        total.add(one(item, named)?);
        if total.written > MAX_CALLS {
            let message = format!(
                "this expands to {} calls; at most {MAX_CALLS} are allowed",
                total.written
            );
            return Err(Diagnostic::error(item.span(), message));
        }
        if total.depth > MAX_DEPTH {
            let message =
                format!("with names written out, brackets are nested more than {MAX_DEPTH} deep");
            return Err(Diagnostic::error(item.span(), message));
        }
    }
    Ok(total)
}

fn one(item: &Item, named: &dyn Fn(&str) -> Option<Extent>) -> Result<Extent, Diagnostic> {
    match item {
        Item::Call(call) => {
            let mut extent = named(&call.name).unwrap_or(Extent {
                calls: 1,
                written: 1,
                ..Extent::default()
            });
            for body in &call.bodies {
                extent.add(measure(body, named)?.nested());
            }
            extent.alternatives |= call.args.iter().any(|arg| is_choice(&arg.value));
            Ok(extent)
        }
        Item::Repeat(Repeat { counts, body, .. }) => {
            let mut extent = measure(body, named)?;
            let count = u64::from(counts.first().copied().unwrap_or(1));
            extent.calls *= count;
            extent.written *= count.max(1);
            extent.alternatives |= counts.len() > 1;
            Ok(if let [Item::Call(_)] = body[..] {
                extent
            } else {
                extent.nested()
            })
        }
        Item::OneOf(one_of) => {
            let mut extent = Extent::default();
            for option in &one_of.options {
                extent.add(measure(option, named)?.nested());
            }
            Ok(Extent {
                alternatives: true,
                ..extent
            })
        }
    }
}

/// Returns `true` if a value has alternatives.
pub(crate) fn is_choice(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => false,
        Expr::Tuple(parts) => parts.iter().any(is_choice),
        Expr::OneOf(_) => true,
        Expr::Chain(chain) => chain.operands().any(is_choice),
    }
}
