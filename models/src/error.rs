//! What can go wrong with a spec or a training.

use std::fmt;

use tapeline_spec::Diagnostic;
use tapeline_tensor::Place;

/// A text that is no model, loss, optimizer or schedule: everything wrong with it, each with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecError {
    /// The text.
    pub text: String,
    /// What is wrong; places are byte offsets in `text`.
    pub diagnostics: Vec<Diagnostic>,
}

impl SpecError {
    /// Errors in `text`.
    pub fn new(text: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Self {
        SpecError {
            text: text.into(),
            diagnostics,
        }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            let separator = if i > 0 { "; " } else { "" };
            write!(f, "{separator}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

/// The loss was not finite. Parameters are as they were before the step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("step {step}: the loss is not finite{}{}", self.origin(), self.growth())]
pub struct Diverged {
    /// Number of the step, from 0.
    pub step: u64,
    /// The first operation whose output was not finite; nothing when that was the loss itself.
    pub place: Option<Place>,
    /// The weight that had the largest gradient in the step before, and that gradient's Euclidean norm; nothing in the first step.
    pub largest_gradient: Option<(String, f64)>,
}

impl Diverged {
    fn origin(&self) -> String {
        let place = self.place.as_ref();
        place.map_or_else(String::new, |place| {
            format!("; the first value that isn't came from {place}")
        })
    }

    fn growth(&self) -> String {
        let largest = self.largest_gradient.as_ref();
        largest.map_or_else(String::new, |(name, norm)| {
            format!("; the largest gradient of the step before was that of `{name}`, with norm {norm:.3e}")
        })
    }
}
