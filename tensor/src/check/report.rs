//! Results of a gradient check.

use std::fmt;

use super::compare::Verdict;
use crate::Place;

/// The report of a check in which all gradients agree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Number of random directions over all weights and inputs.
    pub directions: usize,
    /// Number of elements checked individually.
    pub elements: usize,
    /// Elements at which the function has a kink, so that there is no slope to compare with.
    pub kinks: Vec<At>,
    /// Number of gradients, one for each parent of each operation, that were compared with the
    /// operation's own slopes.
    pub rules: usize,
    /// Number of outputs of operations that are at a kink. There the rule must return a derivative
    /// between the slopes on the two sides.
    pub unresolved: usize,
    /// The largest difference found, relative to the sum of absolute terms of the derivative,
    /// excluding rounding errors.
    pub worst: f64,
    /// The largest difference that an operation's comparison would have allowed, relative to the
    /// sum of absolute terms of the derivative: the tolerance and the rounding errors of its
    /// differences.
    pub allowed: f64,
}

impl Report {
    /// Adds a comparison that agrees.
    pub(super) fn add(&mut self, found: &Verdict, tolerance: f64) {
        self.worst = self.worst.max(found.relative(tolerance));
        self.allowed = self.allowed.max(found.allowed());
    }
}

/// A wrong gradient, or a gradient that can't be checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Mismatch {
    /// The gradient differs from the slope of the value, or of its random weighted sum if it has
    /// several elements.
    Wrong {
        /// The element.
        at: At,
        /// The result of the rules; 0 if they return nothing.
        analytic: f64,
        /// The slope by finite differences of the value.
        numeric: f64,
        /// The step of the differences.
        step: f64,
    },
    /// The result of an operation's rule for one of its parents differs from the slope of the
    /// operation's value.
    Rule {
        /// The operation.
        place: Place,
        /// The position of the parent.
        parent: usize,
        /// The element of the parent; `None` if the difference only shows in several elements
        /// together.
        index: Option<Vec<usize>>,
        /// The result of the rule for a random gradient of the value.
        analytic: f64,
        /// The slope by finite differences of the value, weighted with that gradient.
        numeric: f64,
        /// The step of the differences.
        step: f64,
    },
    /// At a kink, the derivative that an operation's rule returns is not between the slopes on the
    /// two sides.
    Kink {
        /// The operation.
        place: Place,
        /// The position of the parent.
        parent: usize,
        /// The index of the output that has a kink.
        output: Vec<usize>,
        /// The result of the rule.
        analytic: f64,
        /// The smallest and the largest slope on the two sides.
        sides: [f64; 2],
    },
    /// The value contains NaN or an infinity.
    Value {
        /// The first operation with a non-finite value.
        place: Place,
    },
    /// The gradient contains NaN or an infinity.
    Gradient {
        /// The first non-finite element.
        at: At,
        /// Its value.
        value: f64,
    },
    /// Two calls with the same arguments return different values.
    Unsteady,
    /// Some elements disagree, but the evaluations ran out before they were located.
    Budget {
        /// Number of evaluations made.
        evaluations: usize,
        /// Number of kinks found so far.
        kinks: usize,
    },
}

/// An element of a weight or an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The weight or input.
    pub source: Leaf,
    /// The index of the element; `None` if the difference only shows in several elements together.
    pub index: Option<Vec<usize>>,
}

/// A tensor that has a gradient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// The parameter of this name.
    Param(String),
    /// The input of this index.
    Input(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Leaf::Param(name) => write!(f, "parameter `{name}`")?,
            Leaf::Input(number) => write!(f, "input {number}")?,
        }
        match &self.index {
            Some(index) => write!(f, " at {index:?}"),
            None => f.write_str(", several elements together"),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Wrong {
                at,
                analytic,
                numeric,
                step,
            } if numeric.is_finite() => {
                write!(
                    f,
                    "{at}: the rules give {analytic}, the slope of the value is {numeric} (by steps of {step:e})"
                )
            }
            Mismatch::Wrong { at, step, .. } => {
                write!(
                    f,
                    "{at}: the value is not finite at a distance of {step:e}; move the point away from the boundary of the function's domain"
                )
            }
            Mismatch::Rule {
                place,
                parent,
                index,
                analytic,
                numeric,
                step,
            } => {
                write!(f, "{place}, parent {parent}")?;
                match index {
                    Some(index) => write!(f, " at {index:?}")?,
                    None => f.write_str(", several elements together")?,
                }
                write!(
                    f,
                    ": the rule returns {analytic}, the slope of the operation is {numeric} (by steps of {step:e})"
                )
            }
            Mismatch::Kink {
                place,
                parent,
                output,
                analytic,
                sides: [low, high],
            } => {
                write!(
                    f,
                    "{place}, parent {parent}: output {output:?} has a kink, where the rule returns {analytic}, expected a value between the slopes on the two sides, {low} and {high}"
                )
            }
            Mismatch::Value { place } => {
                write!(f, "the value is not finite: it starts at {place}")
            }
            Mismatch::Gradient { at, value } => {
                write!(f, "{at}: the rules give {value}")
            }
            Mismatch::Unsteady => f.write_str(
                "two calls with the same arguments return different values; random numbers must depend on a fixed seed",
            ),
            Mismatch::Budget { evaluations, kinks } => {
                write!(
                    f,
                    "gradient and slope disagree along a direction, but {evaluations} evaluations did not locate the element ({kinks} kinks found); raise the budget, or move inputs away from kinks"
                )
            }
        }
    }
}

impl std::error::Error for Mismatch {}
