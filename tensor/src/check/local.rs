//! Checks each operation individually: compares the result of its backward rule with finite
//! differences of its value.
//!
//! The function is run with the value of every operation replaced by the recorded one plus a small
//! perturbation along a random direction. Each operation then sees perturbed parents, but no other
//! effect of the preceding operations, and one run yields the slopes of all of them. Each rule is
//! run on its own with a random gradient `g`: for an operation with value `y`, whose rule returns
//! the shares `s` for its parents, and a direction `d`, `Σ g·dy = Σ s·d` must hold. An error is not
//! masked by later layers, and the results of a rule for different parents are compared separately.

use std::collections::BTreeMap;

use super::{
    Check, FINEST, LADDER, Mismatch,
    compare::Seen,
    problem::Function,
    random::SplitMix64,
    recording::{Moves, Recording},
    report::Report,
    slope::{Slope, Total, slope},
};
use crate::{Params, Tensor, zeros_like};

/// Number of random directions in which each operation is checked. Along one in ten thousand, the
/// products of a wrong rule nearly cancel, and an error of a thousandth is below the tolerance.
const DIRECTIONS: usize = 2;

/// A direction, and the gradients that the rules are run with.
pub struct Way {
    pub(super) moves: Moves,
    weights: BTreeMap<usize, Tensor<f64>>,
}

/// A function at a point, checked operation by operation.
pub struct Local<'a> {
    pub(super) check: Check<'a>,
    pub(super) recording: Recording<'a>,
    random: SplitMix64,
}

impl<'a> Local<'a> {
    pub fn new(
        check: Check<'a>,
        params: &'a Params<f64>,
        inputs: &'a [Tensor<f64>],
        f: Function<'a>,
    ) -> Self {
        Local {
            check,
            recording: Recording::new(params, inputs, f, check.tamper),
            random: SplitMix64(check.seed),
        }
    }

    /// Compares all rules, position by position, and passes each comparison to `see`. Rules at kinks
    /// are compared only if `kinks` is `true`.
    pub fn run(
        &mut self,
        kinks: bool,
        report: &mut Report,
        mut see: impl FnMut(&mut Self, &Seen<'_>) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        for position in 0..self.recording.positions() {
            let moved = self.recording.are_parents_at(position);
            let compared = |parents: &[(usize, usize)]| parents.iter().any(|&(_, p)| moved[p]);
            let left: BTreeMap<usize, Vec<bool>> = (0..self.recording.nodes.len())
                .filter(|&id| compared(&self.recording.parents[id]))
                .map(|id| (id, vec![true; self.recording.nodes[id].value.len()]))
                .collect();
            report.rules += left.len();
            for direction in 0..DIRECTIONS {
                let way = self.way(&moved, left.keys().copied());
                let mut left = left.clone();
                for (rung, fraction) in LADDER.into_iter().enumerate() {
                    if left.is_empty() {
                        break;
                    }
                    let last = rung + 1 == LADDER.len();
                    let step = self.check.step * fraction;
                    self.rung(&way, step, last, &mut left, report, &mut see)?;
                }
                if kinks {
                    self.at_kinks(&way, &left)?;
                }
                if direction == 0 {
                    let at_kinks = left.values().flatten().filter(|left| **left).count();
                    report.unresolved += at_kinks;
                }
            }
        }
        Ok(())
    }

    /// Draws a direction, and weights for the outputs of some operations.
    fn way(&mut self, moved: &[bool], ids: impl Iterator<Item = usize>) -> Way {
        // Perturbations scale with the value, since rounding would hide a small perturbation of a
        // large value.
        let nodes = moved.iter().zip(&self.recording.nodes);
        let moves = nodes.map(|(&moved, node)| {
            let length = |x: &f64| self.random.signed() * x.abs().max(1.0);
            moved.then(|| node.value.map(length).into_shared())
        });
        let moves = moves.collect();
        let weights = ids.map(|id| {
            let mut weight = || self.random.signed();
            (id, like(&self.recording.nodes[id].value, &mut weight))
        });
        let weights = weights.collect();
        Way { moves, weights }
    }

    /// Compares the remaining outputs with one step size. Outputs that it doesn't resolve remain.
    fn rung(
        &mut self,
        Way { moves, weights }: &Way,
        step: f64,
        last: bool,
        left: &mut BTreeMap<usize, Vec<bool>>,
        report: &mut Report,
        see: &mut impl FnMut(&mut Self, &Seen<'_>) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let slopes = self.slopes(moves, step, left.keys().copied())?;
        let mut gradients = BTreeMap::new();
        for (id, left) in &mut *left {
            let mut any = false;
            let mut g = weights[id].clone();
            for ((g, left), slope) in g.iter_mut().zip(left).zip(&slopes[id]) {
                let compared = *left && slope.resolved;
                *left &= !slope.resolved;
                any |= compared;
                if !compared {
                    *g = 0.0;
                }
            }
            if any {
                gradients.insert(*id, g);
            }
        }
        let shares = self.recording.shares(&gradients);
        for shares in shares.chunk_by(|a, b| a.node == b.node) {
            let id = shares[0].node;
            let seen = Seen {
                shares,
                g: &gradients[&id],
                moves,
                step,
                total: Total::of(&slopes[&id], &gradients[&id]),
                tolerance: self.check.tolerance,
            };
            see(self, &seen)?;
            let found = seen.verdict(shares);
            if found.error <= found.tight {
                report.add(&found, self.check.tolerance);
                continue;
            }
            if let Some(wrong) = self.narrow(&seen, shares)? {
                return Err(wrong);
            }
            if found.error <= found.loose {
                report.add(&found, self.check.tolerance);
                continue;
            }
            if last || self.recording.evaluations >= self.check.budget {
                return Err(self.wrong(shares, None, &found, step));
            }
            // The step probably just reaches a kink, so the comparison is repeated with a smaller
            // step. The direction stays: along another, the error of a wrong rule may cancel.
            let all = left.entry(id).or_default();
            let compared = gradients[&id].iter().map(|&g| g != 0.0);
            all.iter_mut()
                .zip(compared)
                .for_each(|(left, compared)| *left |= compared);
        }
        left.retain(|_, left| left.contains(&true));
        Ok(())
    }

    /// Computes the slopes of some operations while all values are perturbed.
    pub(super) fn slopes(
        &mut self,
        moves: &Moves,
        step: f64,
        ids: impl Iterator<Item = usize>,
    ) -> Result<BTreeMap<usize, Vec<Slope>>, Mismatch> {
        let mut runs = Vec::new();
        for distance in [-step, -step / 2.0, step / 2.0, step] {
            runs.push(self.recording.computed(moves, distance)?);
        }
        let finest = step <= self.check.step * FINEST;
        let of = |id: usize| {
            let here = &self.recording.nodes[id].value;
            let values = here.iter().zip(runs[0][id].iter().zip(&runs[1][id]));
            let values = values.zip(runs[2][id].iter().zip(&runs[3][id]));
            let slopes = values.map(|((&here, (&far_down, &down)), (&up, &far_up))| {
                slope([far_down, down, here, up, far_up], step, finest)
            });
            (id, slopes.collect())
        };
        Ok(ids.map(of).collect())
    }
}

/// Creates a tensor laid out like another, filled in logical order.
fn like(x: &Tensor<f64>, value: &mut impl FnMut() -> f64) -> Tensor<f64> {
    let mut out = zeros_like(x);
    out.iter_mut().for_each(|out| *out = value());
    out
}
