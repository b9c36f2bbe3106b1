//! The aspects that layers are checked for.

mod contract;
mod gradients;
mod layouts;
mod runs;
mod updates;

use tapeline_tensor::Tensor;

pub use layouts::scattered;

use super::{
    case::{Case, caught},
    failure::Failure,
    nodes::nodes,
};

/// A property that is checked for each case.
pub struct Aspect {
    /// Its name.
    pub name: &'static str,
    /// The requirement, in one line.
    pub about: &'static str,
    /// Checks a case. The error says what was found and what was expected.
    pub look: fn(&Case<'_>) -> Result<Found, String>,
}

/// Statistics of a check that passed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Number of kinks.
    pub kinks: usize,
    /// The largest relative difference.
    pub worst: f64,
    /// The largest relative difference that a comparison of gradients would have allowed, including
    /// rounding errors.
    pub allowed: f64,
    /// The reason why there was nothing to check.
    pub skipped: Option<String>,
}

/// All aspects, in the order in which they are checked.
pub const ASPECTS: &[Aspect] = &[
    Aspect {
        name: "shape",
        about: "the output has the shape declared by `build`",
        look: contract::shape,
    },
    Aspect {
        name: "gradients",
        about: "gradients with respect to parameters and input agree with finite differences, in training and evaluation, for inputs from 0.01 to 100, at kinks and next to them",
        look: gradients::gradients,
    },
    Aspect {
        name: "layouts",
        about: "the memory layout of the input affects neither the output nor the gradients",
        look: layouts::layouts,
    },
    Aspect {
        name: "determinism",
        about: "runs with the same seed and step, and all runs in evaluation, are bit-identical",
        look: runs::determinism,
    },
    Aspect {
        name: "updates",
        about: "training updates only the layer's buffers, each once, with finite values that depend on neither the buffers of other layers nor their order; evaluation updates nothing",
        look: updates::updates,
    },
    Aspect {
        name: "batch",
        about: "samples of a batch do not affect each other, unless the layer declares that they do in training",
        look: runs::batch,
    },
    Aspect {
        name: "precision",
        about: "outputs in f32 and f64 agree within rounding",
        look: runs::precision,
    },
    Aspect {
        name: "threads",
        about: "values and gradients are bit-identical on one thread and on two",
        look: runs::threads,
    },
    Aspect {
        name: "extremes",
        about: "values and gradients are finite in f32 for inputs of ±10 000",
        look: runs::extremes,
    },
    Aspect {
        name: "round_trip",
        about: "rebuilt from its printed spec, the layer gives the same output for the same parameters",
        look: contract::round_trip,
    },
    Aspect {
        name: "meaning",
        about: "the output has the declared meaning (such as probabilities), for every meaning of the input",
        look: contract::meaning,
    },
    Aspect {
        name: "refusals",
        about: "every input shape is either refused with a message or works, with the declared shapes in the forward and backward pass",
        look: contract::refusals,
    },
    Aspect {
        name: "nodes",
        about: "its ONNX nodes compute the same as `forward` in evaluation, for inputs from 0.01 to 100",
        look: nodes,
    },
];

impl Aspect {
    /// Checks a case. A panic counts as a failure.
    pub(super) fn check(&self, case: &Case<'_>) -> Result<Found, String> {
        caught(|| (self.look)(case))
    }

    /// Shrinks the shape of a failed case while it still fails, and returns the failure of the
    /// smallest one.
    pub(super) fn smallest(&self, case: &Case<'_>, found: String) -> Failure {
        let (mut least, mut found) = (case.clone(), found);
        'smaller: loop {
            for axis in 0..least.shape.len() {
                let size = least.shape[axis];
                for smaller in [1, size / 2, size - 1] {
                    if !(1..size).contains(&smaller) {
                        continue;
                    }
                    let mut shape = least.shape.clone();
                    shape[axis] = smaller;
                    let Ok(case) = Case::chain(least.calls.clone(), &shape, least.registry) else {
                        continue;
                    };
                    if let Err(still) = self.check(&case) {
                        (least, found) = (case, still);
                        continue 'smaller;
                    }
                }
            }
            return least.failure(format!("{}: {found}", self.name));
        }
    }
}

/// Returns the maximum difference, relative to the larger of 1 and the expected value, or an error
/// if it exceeds `tolerance`. `what` is compared, under the condition `when`.
pub(super) fn near(
    what: &str,
    when: &str,
    found: &Tensor<f64>,
    expected: &Tensor<f64>,
    tolerance: f64,
) -> Result<f64, String> {
    let mut worst = 0.0f64;
    for ((index, &expected), &found) in expected.indexed_iter().zip(found) {
        let apart = (found - expected).abs() / expected.abs().max(1.0);
        if apart.is_nan() || apart > tolerance {
            use ndarray::Dimension;
            let index = index.as_array_view().to_vec();
            return Err(format!(
                "{what} {index:?} {when} is {found}, expected {expected}"
            ));
        }
        worst = worst.max(apart);
    }
    Ok(worst)
}
