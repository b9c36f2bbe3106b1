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
    problem::{Function, ROUNDING, SMALL},
    random::SplitMix64,
    report::Report,
};
use crate::{
    Params, Role, Tape, Tensor, Var,
    tape::{Recorded, Share},
};

/// Maximum difference between the slopes of two steps, relative to their size, for the limit to
/// count as resolved.
const RESOLVED: f64 = 1e-5;

/// Estimated error of a slope extrapolated to a step of 0, relative to the difference of the two
/// slopes it is extrapolated from. Generous for a smooth function.
const REMAINDER: f64 = 1e-3;

/// Rounding error of a sum of many terms, relative to the sum of their absolute values.
const SUMMATION: f64 = 1e-14;

/// For each value on the tape, the direction in which it is perturbed.
type Moves = Vec<Option<Tensor<f64>>>;

/// A function at a point, checked operation by operation.
pub struct Local<'a> {
    check: Check<'a>,
    params: &'a Params<f64>,
    inputs: &'a [Tensor<f64>],
    f: Function<'a>,
    nodes: Vec<Recorded<f64>>,
    /// For each operation, the parents that receive a share, as pairs of the position among its
    /// parents and the id of the parent.
    parents: Vec<Vec<(usize, usize)>>,
    random: SplitMix64,
    evaluations: usize,
}

/// The slope of one output of an operation.
struct Slope {
    /// Extrapolated for a function that is smooth here.
    smooth: f64,
    /// Extrapolated for a function whose slope has a kink here.
    kinked: f64,
    /// Rounding error.
    noise: f64,
    /// Estimated distance from the limit, if it is resolved.
    doubt: f64,
    /// Difference between the slopes of the two steps, plus that between the two sides.
    jump: f64,
    resolved: bool,
}

/// The comparison of a rule with slopes.
struct Verdict {
    analytic: f64,
    numeric: f64,
    error: f64,
    /// An error above this is investigated.
    tight: f64,
    /// An error above this is reported.
    loose: f64,
}

/// The shares of one operation, with the slopes of its value.
pub struct Seen<'s> {
    pub node: &'s Recorded<f64>,
    pub id: usize,
    pub shares: &'s [Share<f64>],
    moves: &'s Moves,
    slopes: &'s [Slope],
    g: &'s Tensor<f64>,
    tolerance: f64,
}

impl Seen<'_> {
    /// Returns `true` if the check compares this share here.
    pub fn compares(&self, share: &Share<f64>) -> bool {
        self.moves[share.parent].is_some()
    }

    /// Returns `true` if the check would notice that the share at a position is replaced by
    /// another.
    pub fn notices(&self, position: usize, mutated: Option<&Tensor<f64>>) -> bool {
        let verdict = self.verdict(|share| match share.position == position {
            true => mutated,
            false => Some(&share.value),
        });
        verdict.error > verdict.loose
    }

    fn verdict<'t>(&self, value: impl Fn(&'t Share<f64>) -> Option<&'t Tensor<f64>>) -> Verdict
    where
        Self: 't,
    {
        let mut products = (0.0, 0.0);
        for share in self.shares {
            if let (Some(moves), Some(value)) = (&self.moves[share.parent], value(share)) {
                let each = value.iter().zip(moves).map(|(s, d)| s * d);
                each.for_each(|p| add(&mut products, p));
            }
        }
        verdict(products, self.slopes, self.g, self.tolerance)
    }
}

/// Adds a product to a sum, and its absolute value to a sum of absolute values.
fn add((sum, parts): &mut (f64, f64), product: f64) {
    *sum += product;
    *parts += product.abs();
}

fn verdict(
    (analytic, parts): (f64, f64),
    slopes: &[Slope],
    g: &Tensor<f64>,
    tolerance: f64,
) -> Verdict {
    let (mut smooth, mut kinked, mut noise, mut doubt) = (0.0, 0.0, 0.0, 0.0);
    for (slope, &g) in slopes.iter().zip(g).filter(|(_, g)| **g != 0.0) {
        smooth += g * slope.smooth;
        kinked += g * slope.kinked;
        noise += g.abs() * slope.noise;
        doubt += g.abs() * slope.doubt;
        if !slope.resolved {
            noise += g.abs() * slope.jump;
        }
    }
    // The error decreases with the square of the step, but only linearly if the slope itself has a
    // kink.
    let nearer = 2.0 * (kinked - analytic).abs() < (smooth - analytic).abs();
    let numeric = if nearer { kinked } else { smooth };
    let loose = tolerance * (parts + numeric.abs() + SMALL) + noise;
    Verdict {
        analytic,
        numeric,
        error: (numeric - analytic).abs(),
        tight: loose.min(noise + doubt + SUMMATION * parts),
        loose,
    }
}

/// Computes the slope of an output from its values at −`step`, −`step`/2, 0, `step`/2 and `step`.
fn slope([far_down, down, here, up, far_up]: [f64; 5], step: f64) -> Slope {
    let (far, near) = ((far_up - far_down) / (2.0 * step), (up - down) / step);
    let moves = far_up != here || far_down != here || up != here || down != here;
    let noise = match moves {
        true => ROUNDING * here.abs().max(far_up.abs()) / step,
        false => 0.0,
    };
    // The second difference is proportional to the square of the step for a smooth function, but to
    // the step at a kink.
    let bend = |down: f64, up: f64| (up - here) - (here - down);
    let sides = (4.0 * bend(down, up) - bend(far_down, far_up)).abs() / step;
    let steps = (far - near).abs();
    let limit = RESOLVED * (near.abs() + far.abs() + SMALL) + noise;
    Slope {
        smooth: (4.0 * near - far) / 3.0,
        kinked: 2.0 * near - far,
        noise,
        doubt: REMAINDER * steps,
        jump: steps + sides,
        resolved: steps <= limit && sides <= limit,
    }
}

impl<'a> Local<'a> {
    pub fn new(
        check: Check<'a>,
        params: &'a Params<f64>,
        inputs: &'a [Tensor<f64>],
        f: Function<'a>,
    ) -> Self {
        let mut local = Local {
            check,
            params,
            inputs,
            f,
            nodes: Vec::new(),
            parents: Vec::new(),
            random: SplitMix64(check.seed),
            evaluations: 0,
        };
        let tape = Tape::new(true);
        local.record(&tape);
        local.nodes = tape.recorded();
        local.parents = vec![Vec::new(); local.nodes.len()];
        let ones = |id: usize| Some(Tensor::ones(local.nodes[id].value.raw_dim()));
        tape.each_rule(ones, |share| {
            local.parents[share.node].push((share.position, share.parent));
        });
        local
    }

    fn record<'t>(&self, tape: &'t Tape<f64>) {
        let params = self.params.iter();
        let params: Vec<Var<'t, f64>> = params
            .map(|p| tape.leaf(p.value.clone(), p.role == Role::Weight))
            .collect();
        let inputs = self.inputs.iter();
        let inputs: Vec<_> = inputs.map(|x| tape.leaf(x.clone(), true)).collect();
        (self.f)(tape, &params, &inputs);
    }

    /// Compares all rules, position by position, and passes each comparison to `see`.
    pub fn run(
        &mut self,
        report: &mut Report,
        mut see: impl FnMut(&Seen<'_>),
    ) -> Result<(), Mismatch> {
        let positions = self.parents.iter().flatten().map(|&(position, _)| position);
        for position in 0..positions.max().map_or(0, |last| last + 1) {
            let moved: Vec<bool> = self.moved_at(position);
            let compared = |parents: &[(usize, usize)]| parents.iter().any(|&(_, p)| moved[p]);
            let mut left: BTreeMap<usize, Vec<bool>> = (0..self.nodes.len())
                .filter(|&id| compared(&self.parents[id]))
                .map(|id| (id, vec![true; self.nodes[id].value.len()]))
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

    /// Returns, for each value, whether it is the parent of some operation at a position.
    fn moved_at(&self, position: usize) -> Vec<bool> {
        let mut moved = vec![false; self.nodes.len()];
        for &(_, parent) in self
            .parents
            .iter()
            .flatten()
            .filter(|(p, _)| *p == position)
        {
            moved[parent] = true;
        }
        moved
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
            .zip(&self.nodes)
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
            let g = like(&self.nodes[*id].value, &mut weight);
            if any {
                gradients.insert(*id, g);
            }
        }
        let shares = self.shares(&gradients);
        for shares in shares.chunk_by(|a, b| a.node == b.node) {
            let id = shares[0].node;
            let seen = Seen {
                node: &self.nodes[id],
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
                report.worst = report.worst.max(relative(&found, self.check.tolerance));
                continue;
            }
            if let Some(wrong) = self.narrow(shares, &moves, &gradients[&id], step)? {
                return Err(wrong);
            }
            if found.error <= found.loose {
                report.worst = report.worst.max(relative(&found, self.check.tolerance));
                continue;
            }
            if last || self.evaluations >= self.check.budget {
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
            runs.push(self.computed(moves, distance)?);
        }
        let of = |id: usize| {
            let here = &self.nodes[id].value;
            let values = here.iter().zip(runs[0][id].iter().zip(&runs[1][id]));
            let values = values.zip(runs[2][id].iter().zip(&runs[3][id]));
            let slopes = values.map(|((&here, (&far_down, &down)), (&up, &far_up))| {
                slope([far_down, down, here, up, far_up], step)
            });
            (id, slopes.collect())
        };
        Ok(ids.map(of).collect())
    }

    /// Runs all operations on perturbed values.
    fn computed(&mut self, moves: &Moves, distance: f64) -> Result<Vec<Tensor<f64>>, Mismatch> {
        self.evaluations += 1;
        let given = self.nodes.iter().zip(moves).map(|(node, moves)| {
            let mut value = node.value.clone();
            if let Some(moves) = moves {
                value.zip_mut_with(moves, |x, d| *x += distance * d);
            }
            value
        });
        let tape = Tape::replaying(given.collect());
        self.record(&tape);
        let computed = tape.computed();
        let same_shapes = computed.iter().map(Tensor::shape);
        match same_shapes.eq(self.nodes.iter().map(|node| node.value.shape())) {
            true => Ok(computed),
            false => Err(Mismatch::Unsteady),
        }
    }

    /// Returns the results of the rules of some operations for gradients of their values.
    fn shares(&self, gradients: &BTreeMap<usize, Tensor<f64>>) -> Vec<Share<f64>> {
        let tape = Tape::new(true);
        self.record(&tape);
        let mut shares = Vec::new();
        tape.each_rule(
            |id| gradients.get(&id).cloned(),
            |mut share| {
                if let Some(tamper) = self.check.tamper {
                    let shape = share.value.raw_dim();
                    let changed =
                        tamper(&self.nodes[share.node].place, share.position, share.value);
                    share.value = changed.unwrap_or_else(|| Tensor::zeros(shape));
                }
                shares.push(share);
            },
        );
        shares
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
        while row.len() > 1 && self.evaluations < self.check.budget {
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
            place: self.nodes[share.node].place.clone(),
            parent: share.position,
            index: element.map(|(parent, element)| {
                super::problem::index(element, self.nodes[parent].value.shape())
            }),
            analytic: verdict.analytic,
            numeric: verdict.numeric,
            step,
        }
    }
}

/// Returns the relative error, excluding rounding.
fn relative(verdict: &Verdict, tolerance: f64) -> f64 {
    tolerance * verdict.error / verdict.loose
}

/// Creates a tensor laid out like another, filled in logical order.
fn like(x: &Tensor<f64>, value: &mut impl FnMut() -> f64) -> Tensor<f64> {
    let mut out = crate::buffer::zeros_like(x);
    out.iter_mut().for_each(|out| *out = value());
    out
}
