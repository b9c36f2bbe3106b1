//! Errors of metrics and training runs.

use std::fmt;

use tapeline_layers::{Ctx, Mode};
use tapeline_tensor::{Params, Place, Tensor, no_grad};

use crate::Model;

/// A non-finite value where a metric was computed.
///
/// No loss, accuracy, prediction or gradient norm is derived from it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{subject}{}", self.origin())]
pub struct NotFinite {
    /// What isn't finite.
    pub subject: Subject,
    /// The first operation whose value isn't finite; `None` if no operation computed the subject.
    pub place: Option<Place>,
}

/// The subject of a [`NotFinite`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Subject {
    /// The model's output for a sample.
    #[error("the model's output isn't finite")]
    Output {
        /// The sample's index: in the dataset, in the batch passed to a step, or in the inputs of a
        /// prediction.
        sample: usize,
    },
    /// The loss of a batch whose outputs are finite.
    #[error("the loss isn't finite")]
    Loss,
    /// The new value of a buffer, such as a running mean, by name.
    #[error("the new value of `{0}` isn't finite")]
    Buffer(String),
    /// The gradient of a weight, by name.
    #[error("the gradient of `{0}` isn't finite")]
    Gradient(String),
    /// A parameter as it was passed, by name.
    #[error("`{0}` isn't finite")]
    Parameter(String),
    /// A weight or its optimizer state after an update from finite gradients, by name.
    #[error("the update makes `{0}` not finite")]
    Update(String),
}

impl NotFinite {
    /// Runs a forward pass once more to find where the first non-finite value arose.
    pub(crate) fn locate(
        model: &Model,
        params: &Params,
        images: &Tensor,
        mode: Mode,
        subject: Subject,
    ) -> Self {
        if let Some(param) = params.first_non_finite() {
            return NotFinite::of(Subject::Parameter(param.name.clone()));
        }
        let place = no_grad(params, |tape, on_tape| {
            tape.keep_all();
            let cx = Ctx::new(tape, on_tape, mode);
            model.forward(&cx, tape.constant(images.clone()));
            tape.first_non_finite()
        });
        NotFinite { subject, place }
    }

    /// Creates an error about a value that no operation computed.
    pub(crate) fn of(subject: Subject) -> Self {
        NotFinite {
            subject,
            place: None,
        }
    }

    /// Returns where in the model the value arose: path and name of a layer, such as `1 linear`, or
    /// the name of a parameter.
    pub fn layer(&self) -> Option<&str> {
        let scope = self.place.as_ref().and_then(|place| place.scope.as_deref());
        scope.or(match &self.subject {
            Subject::Output { .. } | Subject::Loss => None,
            Subject::Buffer(name)
            | Subject::Gradient(name)
            | Subject::Parameter(name)
            | Subject::Update(name) => Some(name),
        })
    }

    fn origin(&self) -> String {
        let place = self.place.as_ref();
        place.map_or_else(String::new, |place| {
            format!("; the first non-finite value came from {place}")
        })
    }
}

impl From<tapeline_optim::StepError> for NotFinite {
    fn from(found: tapeline_optim::StepError) -> Self {
        NotFinite::of(match found {
            tapeline_optim::StepError::Gradient { name } => Subject::Gradient(name),
            tapeline_optim::StepError::Update { name } => Subject::Update(name),
        })
    }
}

/// A training run that encountered a non-finite value.
///
/// The trainer is in its state before the step or before the evaluation; only a step whose
/// [update](Subject::Update) overflowed was applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("step {step}: {during}{found}{}", self.growth())]
pub struct Diverged {
    /// Number of the step, from 0; for an evaluation, number of the last step before it.
    pub step: u64,
    /// The part of training in which it was encountered.
    pub during: During,
    /// The non-finite value and where it arose.
    pub found: NotFinite,
    /// The weight with the largest gradient in the last step whose gradients were finite, and the
    /// Euclidean norm of that gradient; `None` if there is none.
    pub largest_gradient: Option<(String, f64)>,
}

/// A part of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum During {
    /// A training step.
    Step,
    /// The evaluation on the test data after an epoch.
    Test,
    /// The evaluation on the validation data after an epoch.
    Validation,
}

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            During::Step => "",
            During::Test => "in the evaluation on the test data after it, ",
            During::Validation => "in the evaluation on the validation data after it, ",
        })
    }
}

impl Diverged {
    fn growth(&self) -> String {
        let largest = self.largest_gradient.as_ref();
        let step = match (self.during, &self.found.subject) {
            (During::Step, Subject::Update(_)) | (During::Test | During::Validation, _) => {
                "of that step"
            }
            (During::Step, _) => "of the step before",
        };
        largest.map_or_else(String::new, |(name, norm)| {
            format!("; the largest gradient {step} was that of `{name}`, with norm {norm:.3e}")
        })
    }
}
