//! The gradient check: what the rules return, held against differences of the value.
//!
//! ```
//! use tapeline_tensor::{Params, check, tensor};
//!
//! let x = tensor([0.5, -1.0, 2.0]);
//! let report = check::gradients(&Params::new(), &[x], |_, _, x| x[0].tanh().square()).unwrap();
//! assert!(report.worst < 1e-7);
//! ```
//!
//! A rule that is wrong is found, with the element at which it shows:
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
//! Along a random direction the derivative is one number, whatever the sizes: so a few directions
//! over all weights and inputs come first. Only when one disagrees is it halved, down to the
//! elements that do it. Where a function has a kink, as `relu` has at 0, the slopes on the two
//! sides differ at every step; such an element is listed, and not held against the rule.
//!
//! Then each operation is checked alone, at the values that it has there. What is wrong in one of
//! many operations, or in one of many elements, shows in that operation at full size, however little
//! of it reaches the function's value. [`Check::mutants`] shows that a wrong rule is noticed.

mod local;
mod mutants;
mod problem;
mod random;
mod report;

use std::ops::Range;

use local::Local;
pub use mutants::{Mutant, Mutation, Outcome};
use problem::{Differences, Problem};
pub use report::{At, Mismatch, Report, Source};

use crate::{Params, Tamper, Tape, Tensor, Var};

/// [`Check::gradients`] with everything at its default.
///
/// # Errors
/// When a gradient disagrees with the differences of the value.
pub fn gradients(
    params: &Params<f64>,
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>,
) -> Result<Report, Mismatch> {
    Check::default().gradients(params, inputs, f)
}

/// How to check.
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
    /// The first step along a direction of length 1. Where it is too large, as beside a kink,
    /// smaller ones follow: down to 1/512 of it.
    pub step: f64,
    /// The largest difference allowed, relative to the parts that the derivative is the sum of.
    pub tolerance: f64,
    /// Seed of the random directions.
    pub seed: u64,
    /// Number of random directions over all weights and inputs.
    pub directions: usize,
    /// Up to this number of elements in all, each is also checked alone; `usize::MAX` makes the check exhaustive.
    pub alone: usize,
    /// Number of evaluations after which the search for an element is given up.
    pub budget: usize,
    /// Sees each share of a gradient that a rule returns: to show that a wrong one is noticed.
    pub tamper: Option<Tamper<'a, f64>>,
}

impl Default for Check<'_> {
    fn default() -> Self {
        Check {
            step: 1e-3,
            tolerance: 1e-7,
            seed: 0,
            directions: 3,
            alone: 64,
            budget: 10_000,
            tamper: None,
        }
    }
}

impl Check<'_> {
    /// Checks the gradients of `f` for all weights and `inputs`, with everything about as large as
    /// 1. A weight or an input without a gradient must leave the value as it is.
    ///
    /// The value of `f` may have any shape: its sum with random weights is what is derived, so each
    /// of its elements counts. `f` is called many times, and must give the same value each time.
    ///
    /// # Errors
    /// When a gradient disagrees with the differences of the value: the first such element. When a
    /// value or a gradient is not finite, or `f` gives two values at one point.
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
        Local::new(*self, params, inputs, &f).run(&mut report, |_| {})?;
        Ok(report)
    }

    /// Mutates what each rule returns for each of its parents, in each of some ways, and reports whether the check of operations notices.
    /// Mutants of a share that is compared nowhere, since the operation is at a kink everywhere, are left out.
    ///
    /// ```
    /// use tapeline_tensor::{Params, check::{Check, Outcome}, tensor};
    ///
    /// let mutants = Check::default().mutants(
    ///     &Params::new(),
    ///     &[tensor([0.5, -1.0])],
    ///     |_, _, x| x[0].tanh().square(),
    ///     &[|share| Some(share * 1.01), |_| None],
    /// ).unwrap();
    /// assert_eq!(mutants.len(), 4);
    /// assert!(mutants.iter().all(|mutant| mutant.outcome == Outcome::Noticed));
    /// ```
    ///
    /// # Errors
    /// When a rule is wrong already.
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

/// Steps, relative to the first: a kink that lies beside the point is out of reach of the smaller
/// ones.
const LADDER: [f64; 4] = [1.0, 1.0 / 8.0, 1.0 / 64.0, FINEST];
const FINEST: f64 = 1.0 / 512.0;

/// A check under way.
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

    /// Nothing if gradient and differences agree along a random direction over a range of elements,
    /// at one of the steps; or else what was found at each of them.
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

    /// Halves a range that disagrees, down to its elements: an error at the first that is wrong;
    /// those at a kink are listed.
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
        // The larger a step, the rounder the number: a digit less isn't worth another one.
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
