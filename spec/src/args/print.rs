//! Printed forms of arguments.

use super::{Args, Filled};
use crate::info::Fallback;

impl Args {
    /// Returns the short form: leading required positional arguments by position, others by name,
    /// and without those that have their default value.
    pub(crate) fn short(&self) -> String {
        let front = self
            .0
            .iter()
            .take_while(|filled| filled.info.required() && !filled.info.keyword_only())
            .count();
        let position = self.0[..front].iter().map(Filled::written);
        let name = self.0[front..]
            .iter()
            .filter(|filled| !self.at_default(filled))
            .map(Filled::named);
        position.chain(name).collect::<Vec<_>>().join(", ")
    }

    /// Returns the full form: every argument by name.
    pub(crate) fn full(&self) -> String {
        self.0
            .iter()
            .map(Filled::named)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(super) fn at_default(&self, filled: &Filled) -> bool {
        match filled.info.facts().fallback {
            Fallback::Required => false,
            Fallback::Value(value) => filled.late.is_none() && value == filled.value,
            Fallback::As(other) => self
                .find(other)
                .is_some_and(|other| other.late == filled.late && other.value == filled.value),
        }
    }
}

impl Filled {
    fn named(&self) -> String {
        format!("{}={}", self.info.name, self.written())
    }

    fn written(&self) -> String {
        match &self.late {
            Some(expr) => expr.to_string(),
            None => self.info.written(&self.value),
        }
    }
}
