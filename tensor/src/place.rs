//! The place of an operation.

use std::{fmt, sync::Arc};

/// The place of an operation in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the operation.
    pub op: &'static str,
    /// The innermost [`Tape::scope`](crate::Tape::scope) around it.
    pub scope: Option<Arc<str>>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Some(scope) => write!(f, "`{}` in `{scope}`", self.op),
            None => write!(f, "`{}`", self.op),
        }
    }
}
