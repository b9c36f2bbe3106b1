//! Gradient checking: compares the results of backward rules with finite differences of the value.
//!
//! ```
//! use tapeline_tensor::{Params, check, tensor};
//!
//! let x = tensor([0.5, -1.0, 2.0]);
//! let report = check::gradients(&Params::new(), &[x], |_, _, x| x[0].tanh().square()).unwrap();
//! assert!(report.worst < 1e-7);
//! ```
//!
//! A wrong rule is reported with the element that reveals it:
//!
//! ```
//! use tapeline_tensor::{Params, check, tensor};
//!
//! let wrong = check::gradients(&Params::new(), &[tensor([0.5, 1.0])], |_, _, x| {
//!     x[0].map("square", |x| x * x, |g, x| g * x).sum()
//! });
//! let message = wrong.unwrap_err().to_string();
//! assert!(message.starts_with("input 0 at [0]: the rules give 0.5"), "{message}");
//! ```
//!
//! The derivative along a random direction is a single number, whatever the sizes, so the check
//! starts with a few directions over all weights and inputs. Only if one of them disagrees, the
//! check bisects it, down to the elements at fault. Where a function has a kink, as `relu` has at
//! 0, the slopes on the two sides differ at every step; such elements are listed.
//!
//! Then each operation is checked individually, at its recorded values. This reveals an error in
//! one of many operations, or in one of many elements, at full size, even if it hardly affects the
//! value of the function. At a kink, the derivative that a rule returns must lie between the slopes
//! on the two sides. [`Check::mutants`] verifies that wrong rules are noticed.
//!
//! The difference that a comparison allows follows from two step sizes: the tolerance, relative to
//! the derivative, plus the rounding errors of the differences. A derivative near zero may be off by
//! 1e-11, but only if the two step sizes don't determine it more exactly. [`Report::allowed`] is the
//! largest difference that would have passed.

mod compare;
mod function;
mod kinks;
mod local;
mod mutants;
mod narrow;
mod problem;
mod random;
mod recording;
mod report;
mod slope;

use std::ops::Range;

use compare::undetermined;
pub use function::{Fault, FunctionCheck, FunctionFailure, function};
use local::Local;
pub use mutants::{Mutant, MutantOutcome, Mutation};
use problem::{Differences, Problem};
pub use report::{At, Leaf, Mismatch, Report};

use crate::{Params, Tamper, Tape, Tensor, Var};

/// Runs [`Check::gradients`] with default settings.
///
/// # Errors
/// If a gradient disagrees with finite differences of the value.
pub fn gradients(
    params: &Params<f64>,
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>,
) -> Result<Report, Mismatch> {
    Check::default().gradients(params, inputs, f)
}

/// Settings of a gradient check.
///
/// ```
/// use tapeline_tensor::{Params, check::Check, tensor};
///
/// // A check that finds nothing wrong with a rule whose results are doubled would be worth nothing.
/// let doubled = Check {
///     tamper: Some(&|place, _, share| Some(if place.op == "exp" { share * 2.0 } else { share })),
///     ..Check::default()
/// };
/// assert!(doubled.gradients(&Params::new(), &[tensor([1.0])], |_, _, x| x[0].exp()).is_err());
/// ```
#[derive(Clone, Copy)]
pub struct Check<'a> {
    /// The first step along a direction of length 1. If it is too large, for example next to a
    /// kink, smaller steps follow, down to 1/512 of it.
    pub step: f64,
    /// The maximum difference, relative to the sum of absolute terms of the derivative.
    pub tolerance: f64,
    /// Seed of the random directions.
    pub seed: u64,
    /// Number of random directions over all weights and inputs.
    pub directions: usize,
    /// If there are at most this many elements in total, each is also checked individually.
    pub alone: usize,
    /// Maximum number of evaluations in the search for a wrong element.
    pub budget: usize,
    /// Replaces the shares of gradients that rules return, to verify that a wrong one is noticed.
    pub tamper: Option<Tamper<'a, f64>>,
}

impl Default for Check<'_> {
    fn default() -> Self {
        Check::DEFAULT
    }
}

impl Check<'static> {
    /// The default settings.
    pub const DEFAULT: Self = Check {
        step: 1e-3,
        tolerance: 1e-7,
        seed: 0,
        directions: 3,
        alone: 64,
        budget: 10_000,
        tamper: None,
    };

    /// The default settings, except that each element is checked individually, whatever their
    /// number. The check then evaluates the function at least four times for each.
    pub const EXHAUSTIVE: Self = Check {
        alone: usize::MAX,
        budget: usize::MAX,
        ..Check::DEFAULT
    };
}

impl Check<'_> {
    /// Checks the gradients of `f` with respect to all weights and `inputs`, whose elements should
    /// be of magnitude 1. A weight or an input without a gradient must not affect the value.
    ///
    /// The value of `f` may have any shape: the check differentiates its sum with random weights,
    /// so each element matters. `f` is called many times, and must return the same value each time.
    ///
    /// # Errors
    /// If a gradient disagrees with finite differences of the value, for the first such element. If
    /// a value or a gradient is not finite, or `f` returns two different values at the same point.
    pub fn gradients(
        &self,
        params: &Params<f64>,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>,
    ) -> Result<Report, Mismatch> {
        let problem = Problem::new(*self, params, inputs, &f)?;
        let all = problem.all();
        let mut search = Search {
            problem,
            tolerance: self.tolerance,
            report: Report::default(),
        };
        if all.is_empty() {
            return Ok(search.report);
        }
        for _ in 0..self.directions {
            search.report.directions += 1;
            search.check(all.clone())?;
        }
        if all.len() <= self.alone {
            for element in all {
                search.report.elements += 1;
                search.check(element..element + 1)?;
            }
        }
        let mut report = search.report;
        Local::new(*self, params, inputs, &f).run(true, &mut report, |_, _| Ok(()))?;
        Ok(report)
    }

    /// Applies each mutation to each result of each rule, and reports whether the check of
    /// operations notices. Omits mutants of shares that can't be compared, because the operation
    /// has a kink at every element.
    ///
    /// ```
    /// use tapeline_tensor::{Params, check::{Check, MutantOutcome}, tensor};
    ///
    /// let mutants = Check::default().mutants(
    ///     &Params::new(),
    ///     &[tensor([0.5, -1.0])],
    ///     |_, _, x| x[0].tanh().square(),
    ///     &[|_, share| Some(share * 1.01), |_, _| None],
    /// ).unwrap();
    /// assert_eq!(mutants.len(), 4);
    /// assert!(mutants.iter().all(|mutant| mutant.outcome == MutantOutcome::Noticed));
    /// ```
    ///
    /// # Errors
    /// If a rule is wrong without any mutation.
    pub fn mutants(
        &self,
        params: &Params<f64>,
        inputs: &[Tensor<f64>],
        f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>,
        mutations: &[Mutation],
    ) -> Result<Vec<Mutant>, Mismatch> {
        mutants::mutants(Local::new(*self, params, inputs, &f), mutations)
    }
}

/// Step sizes, relative to the first. The smaller ones don't reach a kink next to the point.
const LADDER: [f64; 4] = [1.0, 1.0 / 8.0, 1.0 / 64.0, FINEST];
const FINEST: f64 = 1.0 / 512.0;

/// A check in progress.
struct Search<'a> {
    problem: Problem<'a>,
    tolerance: f64,
    report: Report,
}

impl Search<'_> {
    fn check(&mut self, range: Range<usize>) -> Result<(), Mismatch> {
        match self.disagree(range.clone(), &LADDER)?.pop() {
            Some(finest) => self.narrow(range, &finest),
            None => Ok(()),
        }
    }

    /// Compares gradient and differences along a random direction over a range of elements. Returns
    /// an empty list if they agree for one of the steps, otherwise the differences for each step.
    fn disagree(
        &mut self,
        range: Range<usize>,
        steps: &[f64],
    ) -> Result<Vec<Differences>, Mismatch> {
        let direction = self.problem.direction(range);
        let mut all = Vec::new();
        for &step in steps {
            if self.problem.over_budget() {
                return Err(Mismatch::Budget {
                    evaluations: self.problem.evaluations,
                    kinks: self.report.kinks.len(),
                });
            }
            let found = self.problem.differences(&direction, step);
            if found.relative() <= self.tolerance {
                self.report.worst = self.report.worst.max(found.relative());
                return Ok(Vec::new());
            }
            all.push(found);
        }
        Ok(all)
    }

    /// Bisects a range that disagrees, down to its elements. Returns an error for the first wrong
    /// element; elements at a kink are added to the report.
    fn narrow(&mut self, range: Range<usize>, finest: &Differences) -> Result<(), Mismatch> {
        if range.len() > 1 {
            let middle = self.problem.middle(&range);
            let mut parted = false;
            for half in [range.start..middle, middle..range.end] {
                if let Some(found) = self.disagree(half.clone(), &[FINEST])?.pop() {
                    parted = true;
                    self.narrow(half, &found)?;
                }
            }
            if parted {
                return Ok(());
            }
        }
        if finest.at_kink() {
            for at in self.problem.at(range.clone()) {
                if !self.report.kinks.contains(&at) {
                    self.report.kinks.push(at);
                }
            }
            if range.len() == 1 {
                self.problem.avoid(range.start);
            }
            return Ok(());
        }
        let found = self.disagree(range.clone(), &LADDER)?;
        let least = found
            .iter()
            .map(Differences::error)
            .fold(f64::INFINITY, f64::min);
        if undetermined(found.iter().map(|d| d.numeric), least) {
            return Ok(());
        }
        // Larger steps give rounder numbers, so the largest step is reported whose error is within
        // 1% of the minimum.
        let mut near = found.iter().filter(|d| d.error() <= 1.01 * least);
        match near.next().or(found.last()) {
            None => Ok(()),
            Some(wrong) => Err(Mismatch::Wrong {
                at: self.problem.at(range).remove(0),
                analytic: wrong.analytic,
                numeric: wrong.numeric,
                step: wrong.step,
            }),
        }
    }
}
