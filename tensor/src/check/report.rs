//! What a check found.

use std::fmt;

use crate::Place;

/// All gradients agree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Number of random directions over all weights and inputs.
    pub directions: usize,
    /// Number of elements that were checked alone.
    pub elements: usize,
    /// Where the function has a kink, so that there is no slope to compare with.
    pub kinks: Vec<At>,
    /// Number of gradients, one for each parent of each operation, that were compared with the
    /// operation's own slopes.
    pub rules: usize,
    /// Number of outputs of operations that are at a kink, and so were left out of that.
    pub unresolved: usize,
    /// The largest difference that was allowed, relative to the parts that the derivative is the
    /// sum of.
    pub worst: f64,
}

/// A gradient is wrong, or can't be checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Mismatch {
    /// The gradient is not the slope of the value: of its random weighted sum, where it has several
    /// elements.
    Wrong {
        /// Where.
        at: At,
        /// What the rules return; 0 where they return nothing.
        analytic: f64,
        /// The slope by differences of the value.
        numeric: f64,
        /// The step of those differences.
        step: f64,
    },
    /// What an operation's rule returns for one of its parents is not the slope of the operation's value.
    Rule {
        /// The operation.
        place: Place,
        /// Which of its parents.
        parent: usize,
        /// The element of that parent; `None` when only several elements together make the difference.
        index: Option<Vec<usize>>,
        /// What the rule returns, for a random gradient of the value.
        analytic: f64,
        /// The slope by differences of the value, weighted with that gradient.
        numeric: f64,
        /// The step of those differences.
        step: f64,
    },
    /// The value holds NaN or an infinity.
    Value {
        /// The first operation whose value does.
        place: Place,
    },
    /// The gradient holds NaN or an infinity.
    Gradient {
        /// Its first such element.
        at: At,
        /// Its value.
        value: f64,
    },
    /// Two calls with the same arguments give two values.
    Unsteady,
    /// Some elements disagree, and the evaluations ran out before they were found.
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
    /// Whose.
    pub source: Source,
    /// Its index; `None` when only several elements together make the difference.
    pub index: Option<Vec<usize>>,
}

/// What has a gradient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The parameter of this name.
    Param(String),
    /// The input of this number.
    Input(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Param(name) => write!(f, "parameter `{name}`")?,
            Source::Input(number) => write!(f, "input {number}")?,
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
                    "{at}: the value is not finite {step:e} beside it; move it away from the edge of where the function is defined"
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
            Mismatch::Value { place } => {
                write!(f, "the value is not finite: it starts at {place}")
            }
            Mismatch::Gradient { at, value } => {
                write!(f, "{at}: the rules give {value}")
            }
            Mismatch::Unsteady => f.write_str(
                "two calls give two values; a random number must be a function of a seed",
            ),
            Mismatch::Budget { evaluations, kinks } => {
                write!(
                    f,
                    "gradient and slope disagree along a direction, but {evaluations} evaluations did not tell where ({kinks} kinks found); raise the budget, or move inputs away from kinks"
                )
            }
        }
    }
}

impl std::error::Error for Mismatch {}
