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
    Check, LADDER, Mismatch,
    compare::{Seen, Slope, Verdict, add, slope, verdict},
    problem::{Function, index},
    random::SplitMix64,
    recording::{Moves, Recording},
    report::Report,
};
use crate::{Params, Tensor, tape::Share, zeros_like};

/// A function at a point, checked operation by operation.
pub struct Local<'a> {
    check: Check<'a>,
    recording: Recording<'a>,
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

    /// Compares all rules, position by position, and passes each comparison to `see`.
    pub fn run(
        &mut self,
        report: &mut Report,
        mut see: impl FnMut(&Seen<'_>),
    ) -> Result<(), Mismatch> {
        for position in 0..self.recording.positions() {
            let moved = self.recording.are_parents_at(position);
            let compared = |parents: &[(usize, usize)]| parents.iter().any(|&(_, p)| moved[p]);
            let mut left: BTreeMap<usize, Vec<bool>> = (0..self.recording.nodes.len())
                .filter(|&id| compared(&self.recording.parents[id]))
                .map(|id| (id, vec![true; self.recording.nodes[id].value.len()]))
                .collect();
            report.rules += left.len();
            for (rung, fraction) in LADDER.into_iter().enumerate() {
                if left.is_empty() {
                    break;
                }
                let last = rung + 1 == LADDER.len();
                let step = self.check.step * fraction;
                self.rung(&moved, step, last, &mut left, report, &mut see)?;
            }
            let at_kinks = left.values().flatten().filter(|left| **left).count();
            report.unresolved += at_kinks;
        }
        Ok(())
    }

    /// Compares the remaining outputs with one step size. Outputs that it doesn't resolve remain.
    fn rung(
        &mut self,
        moved: &[bool],
        step: f64,
        last: bool,
        left: &mut BTreeMap<usize, Vec<bool>>,
        report: &mut Report,
        see: &mut impl FnMut(&Seen<'_>),
    ) -> Result<(), Mismatch> {
        // Perturbations scale with the value, since rounding would hide a small perturbation of a
        // large value.
        let moves: Moves = moved
            .iter()
            .zip(&self.recording.nodes)
            .map(|(&moved, node)| {
                let length = |x: &f64| self.random.signed() * x.abs().max(1.0);
                moved.then(|| node.value.map(length).into_shared())
            })
            .collect();
        let slopes = self.slopes(&moves, step, left.keys().copied())?;
        let mut gradients = BTreeMap::new();
        for (id, left) in &mut *left {
            let mut any = false;
            let mut states = left.iter_mut().zip(&slopes[id]);
            let mut weight = || {
                let weight = self.random.signed();
                let Some((left, slope)) = states.next() else {
                    return 0.0;
                };
                let compared = *left && slope.resolved;
                *left &= !slope.resolved;
                any |= compared;
                if compared { weight } else { 0.0 }
            };
            let g = like(&self.recording.nodes[*id].value, &mut weight);
            if any {
                gradients.insert(*id, g);
            }
        }
        let shares = self.recording.shares(&gradients);
        for shares in shares.chunk_by(|a, b| a.node == b.node) {
            let id = shares[0].node;
            let seen = Seen {
                node: &self.recording.nodes[id],
                id,
                shares,
                moves: &moves,
                slopes: &slopes[&id],
                g: &gradients[&id],
                tolerance: self.check.tolerance,
            };
            see(&seen);
            let found = seen.verdict(|share| Some(&share.value));
            if found.error <= found.tight {
                report.worst = report.worst.max(found.relative(self.check.tolerance));
                continue;
            }
            if let Some(wrong) = self.narrow(shares, &moves, &gradients[&id], step)? {
                return Err(wrong);
            }
            if found.error <= found.loose {
                report.worst = report.worst.max(found.relative(self.check.tolerance));
                continue;
            }
            if last || self.recording.evaluations >= self.check.budget {
                return Err(self.wrong(shares, None, &found, step));
            }
            // The step probably just reaches a kink, so the comparison is repeated with a smaller
            // step.
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
    fn slopes(
        &mut self,
        moves: &Moves,
        step: f64,
        ids: impl Iterator<Item = usize>,
    ) -> Result<BTreeMap<usize, Vec<Slope>>, Mismatch> {
        let mut runs = Vec::new();
        for distance in [-step, -step / 2.0, step / 2.0, step] {
            runs.push(self.recording.computed(moves, distance)?);
        }
        let of = |id: usize| {
            let here = &self.recording.nodes[id].value;
            let values = here.iter().zip(runs[0][id].iter().zip(&runs[1][id]));
            let values = values.zip(runs[2][id].iter().zip(&runs[3][id]));
            let slopes = values.map(|((&here, (&far_down, &down)), (&up, &far_up))| {
                slope([far_down, down, here, up, far_up], step)
            });
            (id, slopes.collect())
        };
        Ok(ids.map(of).collect())
    }

    /// Bisects the perturbation of an operation's parents to find an element whose share is wrong,
    /// if there is one.
    fn narrow(
        &mut self,
        shares: &[Share<f64>],
        moves: &Moves,
        g: &Tensor<f64>,
        step: f64,
    ) -> Result<Option<Mismatch>, Mismatch> {
        let mut parents: Vec<usize> = shares.iter().map(|share| share.parent).collect();
        parents.retain(|&parent| moves[parent].is_some());
        parents.sort_unstable();
        parents.dedup();
        // The elements of all perturbed parents in one list, with their contributions to the
        // derivative.
        let mut row: Vec<(usize, usize, f64)> = Vec::new();
        for &parent in &parents {
            let Some(moves) = &moves[parent] else {
                continue;
            };
            let start = row.len();
            row.extend((0..moves.len()).map(|element| (parent, element, 0.0)));
            for share in shares.iter().filter(|share| share.parent == parent) {
                let products = share.value.iter().zip(moves).map(|(s, d)| s * d);
                row[start..]
                    .iter_mut()
                    .zip(products)
                    .for_each(|(r, p)| r.2 += p);
            }
        }
        let mut row = &row[..];
        while row.len() > 1 && self.recording.evaluations < self.check.budget {
            let (a, b) = row.split_at(row.len() / 2);
            let [of_a, of_b] = [
                self.along(a, shares, moves, g, step)?,
                self.along(b, shares, moves, g, step)?,
            ];
            let excess = |v: &Verdict| v.error / v.tight;
            let (half, verdict) = match excess(&of_a) >= excess(&of_b) {
                true => (a, of_a),
                false => (b, of_b),
            };
            if verdict.error <= verdict.tight {
                return Ok(None);
            }
            row = half;
        }
        let &[(parent, element, _)] = row else {
            return Ok(None);
        };
        let mut least: Option<(Verdict, f64)> = None;
        for fraction in LADDER {
            let step = self.check.step * fraction;
            let verdict = self.along(row, shares, moves, g, step)?;
            if verdict.error <= verdict.loose {
                return Ok(None);
            }
            // Larger steps give rounder numbers, so a smaller step must reduce the error by about
            // 1% to be reported instead.
            if least
                .as_ref()
                .is_none_or(|(least, _)| 1.01 * verdict.error < least.error)
            {
                least = Some((verdict, step));
            }
        }
        let Some((mut verdict, step)) = least else {
            return Ok(None);
        };
        let length = moves[parent]
            .iter()
            .flatten()
            .nth(element)
            .copied()
            .unwrap_or(1.0);
        verdict.analytic /= length;
        verdict.numeric /= length;
        Ok(Some(self.wrong(
            shares,
            Some((parent, element)),
            &verdict,
            step,
        )))
    }

    /// Compares an operation's rule with its slopes along a part of a direction.
    fn along(
        &mut self,
        part: &[(usize, usize, f64)],
        shares: &[Share<f64>],
        moves: &Moves,
        g: &Tensor<f64>,
        step: f64,
    ) -> Result<Verdict, Mismatch> {
        let mut restricted: Moves = vec![None; moves.len()];
        let mut products = (0.0, 0.0);
        for piece in part.chunk_by(|a, b| a.0 == b.0) {
            let (parent, first, _) = piece[0];
            let elements = first..first + piece.len();
            restricted[parent] = moves[parent].clone().map(|mut moves| {
                let outside = moves
                    .iter_mut()
                    .enumerate()
                    .filter(|(i, _)| !elements.contains(i));
                outside.for_each(|(_, d)| *d = 0.0);
                moves
            });
            piece
                .iter()
                .for_each(|&(.., product)| add(&mut products, product));
        }
        let id = shares[0].node;
        let slopes = self.slopes(&restricted, step, std::iter::once(id))?;
        Ok(verdict(products, &slopes[&id], g, self.check.tolerance))
    }

    fn wrong(
        &self,
        shares: &[Share<f64>],
        element: Option<(usize, usize)>,
        verdict: &Verdict,
        step: f64,
    ) -> Mismatch {
        let of = |parent: usize| shares.iter().find(|share| share.parent == parent);
        let share = element
            .and_then(|(parent, _)| of(parent))
            .unwrap_or(&shares[0]);
        Mismatch::Rule {
            place: self.recording.nodes[share.node].place.clone(),
            parent: share.position,
            index: element.map(|(parent, element)| {
                index(element, self.recording.nodes[parent].value.shape())
            }),
            analytic: verdict.analytic,
            numeric: verdict.numeric,
            step,
        }
    }
}

/// Creates a tensor laid out like another, filled in logical order.
fn like(x: &Tensor<f64>, value: &mut impl FnMut() -> f64) -> Tensor<f64> {
    let mut out = zeros_like(x);
    out.iter_mut().for_each(|out| *out = value());
    out
}
