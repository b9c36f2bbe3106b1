//! Checks of a layer or a loss, in one line.
//!
//! ```
//! use tapeline_layers::{check, layers::activations::silu::SILU};
//!
//! check::layer(&SILU).unwrap();
//! // Tests the check itself: it must notice each mutated gradient rule of the layer.
//! check::catches(&SILU).unwrap();
//! ```
//!
//! A layer is built from its examples, and from arguments sampled from the ranges declared for the
//! check ([`Arg::tried`](tapeline_spec::Arg::tried)) on shapes sampled around those of the
//! examples, including sizes of 1. Each such [`Case`] is checked for all [`ASPECTS`]. The shape of
//! a case that fails is shrunk before it is reported: the message has the spec, the smallest shape
//! that shows the fault, what was found, and what was expected.

mod aspects;
mod bends;
mod case;
mod failure;
mod inputs;
mod loss;
mod mutants;
mod mutations;
mod nodes;
mod points;
mod weights;

use tapeline_spec::{Call, Presets, Registry, read};

pub use aspects::{ASPECTS, Aspect, Found};
pub use case::Case;
pub use failure::Failure;
pub use loss::{LossReport, loss};
pub use mutants::{Caught, CaughtKind, catches, catches_calls};

use case::{NotBuilt, caught};
use weights::Weights;

use crate::{Batch, LayerDef, layers, with_input_sizes};

/// Number of arguments and shapes that are sampled for each example.
const DRAWS: u64 = 12;

/// The result of checking a layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerReport {
    /// Number of cases: arguments and a shape.
    pub cases: usize,
    /// Number of sampled arguments and shapes that the layer refused.
    pub refused: usize,
    /// The results of each aspect.
    pub lines: Vec<AspectReport>,
}

/// The result of one aspect over all cases.
#[derive(Clone, Debug, PartialEq)]
pub struct AspectReport {
    /// The aspect's name.
    pub aspect: &'static str,
    /// Number of cases that were checked.
    pub checks: usize,
    /// Number of points at a kink, where there is no derivative to compare with.
    pub kinks: usize,
    /// The largest relative difference within the tolerance.
    pub worst: f64,
    /// The largest relative difference that would have been allowed, for gradients: the tolerance
    /// and the rounding errors of finite differences.
    pub allowed: f64,
    /// The reason why the first case that was not checked had nothing to check.
    pub skipped: Option<String>,
    /// The first case that failed. Later cases are not checked for this aspect.
    pub failure: Option<Failure>,
}

impl LayerReport {
    /// Returns the first failure.
    pub fn failure(&self) -> Option<&Failure> {
        self.lines.iter().find_map(|line| line.failure.as_ref())
    }

    /// Returns the largest relative difference between a gradient and finite differences.
    pub fn worst(&self) -> f64 {
        self.gradients().map_or(0.0, |line| line.worst)
    }

    /// Returns the largest relative difference that would have been allowed between a gradient and
    /// finite differences: the tolerance and the rounding errors of the differences.
    pub fn allowed(&self) -> f64 {
        self.gradients().map_or(0.0, |line| line.allowed)
    }

    fn gradients(&self) -> Option<&AspectReport> {
        self.lines.iter().find(|line| line.aspect == "gradients")
    }

    fn new() -> Self {
        let line = |aspect: &Aspect| AspectReport {
            aspect: aspect.name,
            checks: 0,
            kinks: 0,
            worst: 0.0,
            allowed: 0.0,
            skipped: None,
            failure: None,
        };
        LayerReport {
            lines: ASPECTS.iter().map(line).collect(),
            ..LayerReport::default()
        }
    }

    /// Checks a case for all aspects that have not failed yet.
    fn add(&mut self, case: &Case<'_>) {
        self.cases += 1;
        for (aspect, line) in ASPECTS.iter().zip(&mut self.lines) {
            if line.failure.is_some() {
                continue;
            }
            match aspect.check(case) {
                Ok(Found {
                    skipped: Some(reason),
                    ..
                }) => _ = line.skipped.get_or_insert(reason),
                Ok(found) => {
                    line.checks += 1;
                    line.kinks += found.kinks;
                    line.worst = line.worst.max(found.worst);
                    line.allowed = line.allowed.max(found.allowed);
                }
                Err(found) => {
                    line.checks += 1;
                    line.failure = Some(aspect.smallest(case, found));
                }
            }
        }
    }
}

/// Checks a layer. Bodies in its examples may use the layers of this crate.
///
/// # Errors
/// The first failure, with the case that shows it.
pub fn layer(def: &LayerDef) -> Result<LayerReport, Failure> {
    let report = report(def)?;
    match report.failure() {
        Some(failure) => Err(failure.clone()),
        None => Ok(report),
    }
}

/// Checks a layer and reports the result of each aspect.
///
/// # Errors
/// When the layer can't be checked: its definition can't be registered, has no examples, or has an
/// example that doesn't build; or when building it panics. When a declaration doesn't hold in any
/// case: a parameter without effect, or samples that don't affect each other.
pub fn report(def: &LayerDef) -> Result<LayerReport, Failure> {
    let registry = registry(def)?;
    let mut report = LayerReport::new();
    let (mut mixed, mut weights) = (false, Weights::default());
    for &(text, shape) in def.examples {
        let calls = example(text, def.name, &registry)?;
        let first = Case::chain(calls, shape, &registry).map_err(|e| e.failure(text, shape))?;
        let drawn = (0..DRAWS).map(|n| first.drawn(def.name, n));
        let cases = std::iter::once(Ok(first.clone())).chain(drawn);
        for case in cases {
            match case {
                Ok(case) => {
                    // A panic here is reported by the aspects.
                    mixed |= caught(|| Ok(case.mixes_in_training())).unwrap_or_default();
                    _ = caught(|| {
                        weights.add(&case);
                        Ok(())
                    });
                    report.add(&case);
                }
                Err(NotBuilt::Refused(_)) => report.refused += 1,
                Err(NotBuilt::Panicked(failure)) => return Err(failure),
            }
        }
    }
    if report.failure().is_some() {
        return Ok(report);
    }
    weights.all_used(def.name)?;
    if def.batch == Batch::MixedInTraining && !mixed {
        let claim =
            "it declares `Batch::MixedInTraining`, but samples of a batch don't affect each other";
        return Err(Failure::new(def.name, claim));
    }
    Ok(report)
}

/// Checks a chain of layers as a whole, on an input shape without the batch.
///
/// # Errors
/// When the layers can't be built.
pub fn calls(
    calls: &[Call<LayerDef>],
    shape: &[usize],
    registry: &Registry<LayerDef>,
) -> Result<LayerReport, Failure> {
    let mut report = LayerReport::new();
    report.add(&Case::of(calls, shape, registry)?);
    Ok(report)
}

/// Returns the registry of this crate, with the checked layer added.
fn registry(def: &LayerDef) -> Result<Registry<LayerDef>, Failure> {
    if def.examples.is_empty() {
        return Err(Failure::new(def.name, "its definition has no examples"));
    }
    let is_ours = |ours: &LayerDef| ours.name == def.name && ours.examples == def.examples;
    if layers().iter().any(is_ours) {
        return Ok(layers());
    }
    let registry = layers().with(*def);
    registry.map_err(|e| Failure::new(def.name, e.to_string()))
}

/// Reads an example of the layer `name`: a chain that contains it, with the layers it needs.
fn example(
    text: &str,
    name: &str,
    registry: &Registry<LayerDef>,
) -> Result<Vec<Call<LayerDef>>, Failure> {
    let spec = read(text, registry, &with_input_sizes(Presets::new()))
        .map_err(|e| Failure::new(text, e.summary()))?;
    let calls = spec.calls();
    match calls.iter().any(|call| call.def.name == name) {
        true => Ok(calls),
        false => {
            let message = format!("an example of `{name}` must contain it, outside of any body");
            Err(Failure::new(text, message))
        }
    }
}
