//! The expanded size of a tree, computed without expanding it.

use crate::{
    Diagnostic,
    presets::Entry,
    tree::{Expr, Item, MAX_DEPTH, Repeat},
};

/// The maximum number of calls of a text, after expanding repetitions and presets.
pub const MAX_CALLS: u64 = 10_000;

/// The size of a tree after expanding presets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Number of calls, including those in bodies.
    pub calls: u64,
    /// Like `calls`, but a body repeated 0 times counts once, since it has to be resolved too.
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

    fn nested(self) -> Extent {
        Extent {
            depth: self.depth + 1,
            ..self
        }
    }
}

/// Measures a tree. The numbers can't overflow: each is checked before it is multiplied by a count,
/// which is at most 1000.
///
/// # Errors
/// If the tree exceeds the maximum length or depth; the error points at the innermost item that
/// does.
pub(crate) fn measure(items: &[Item], presets: &[Entry]) -> Result<Extent, Diagnostic> {
    let mut total = Extent::default();
    for item in items {
        total.add(one(item, presets)?);
        if total.written > MAX_CALLS {
            let message = format!(
                "this expands to {} calls; at most {MAX_CALLS} are allowed",
                total.written
            );
            return Err(Diagnostic::error(item.span(), message));
        }
        if total.depth > MAX_DEPTH {
            let message =
                format!("with presets written out, brackets are nested more than {MAX_DEPTH} deep");
            return Err(Diagnostic::error(item.span(), message));
        }
    }
    Ok(total)
}

fn one(item: &Item, presets: &[Entry]) -> Result<Extent, Diagnostic> {
    match item {
        Item::Call(call) => {
            let preset = presets.iter().find(|entry| entry.preset.name == call.name);
            let mut extent = match preset {
                Some(entry) => entry.extent.nested(),
                None => Extent {
                    calls: 1,
                    written: 1,
                    ..Extent::default()
                },
            };
            for body in &call.bodies {
                extent.add(measure(body, presets)?.nested());
            }
            extent.alternatives |= call.args.iter().any(|arg| choice(&arg.value));
            Ok(extent)
        }
        Item::Repeat(Repeat { counts, body, .. }) => {
            let mut extent = measure(body, presets)?;
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
                extent.add(measure(option, presets)?.nested());
            }
            Ok(Extent {
                alternatives: true,
                ..extent
            })
        }
    }
}

fn choice(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => false,
        Expr::Tuple(parts) => parts.iter().any(choice),
        Expr::OneOf(_) => true,
    }
}
