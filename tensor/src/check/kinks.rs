//! Checks rules at kinks, where no step resolves a slope: the derivative that a rule returns must
//! lie between the slopes on the two sides, as a subgradient of a convex function does.

use std::collections::BTreeMap;

use super::{
    FINEST, Mismatch,
    compare::add,
    local::{Local, Way},
    problem::index,
    slope::Slope,
};
use crate::tape::Share;

/// Number of outputs of each operation that are compared, one at a time: in a sum over several
/// outputs, the width of the others' kinks would hide a wrong one.
const OUTPUTS: usize = 4;

/// Slopes on the two sides are less exact than central ones: the maximum error relative to their
/// difference.
const SLACK: f64 = 1e-3;

impl Local<'_> {
    /// Compares the outputs of some operations that are at a kink along a direction.
    pub(super) fn at_kinks(
        &mut self,
        way: &Way,
        left: &BTreeMap<usize, Vec<bool>>,
    ) -> Result<(), Mismatch> {
        if left.is_empty() {
            return Ok(());
        }
        let slopes = self.slopes(&way.moves, self.check.step * FINEST, left.keys().copied())?;
        for turn in 0..OUTPUTS {
            let chosen = left
                .iter()
                .filter_map(|(&id, left)| Some((id, chosen(left, turn)?)));
            let chosen: BTreeMap<usize, usize> = chosen.collect();
            let one = |(&id, &output): (&usize, &usize)| {
                let mut g = crate::zeros_like(&self.recording.nodes[id].value);
                g.iter_mut().skip(output).take(1).for_each(|g| *g = 1.0);
                (id, g)
            };
            let gradients = chosen.iter().map(one).collect();
            for shares in self
                .recording
                .shares(&gradients)
                .chunk_by(|a, b| a.node == b.node)
            {
                let output = chosen[&shares[0].node];
                self.between(way, shares, &slopes[&shares[0].node][output], output)?;
            }
        }
        Ok(())
    }

    /// Compares the shares for one output with its slopes on the two sides.
    fn between(
        &self,
        way: &Way,
        shares: &[Share<f64>],
        slope: &Slope,
        output: usize,
    ) -> Result<(), Mismatch> {
        let (mut products, mut alone, mut terms) = ((0.0, 0.0), 1.0, 0);
        for share in shares {
            for (&s, &d) in share
                .value
                .iter()
                .zip(way.moves[share.parent].iter().flatten())
            {
                add(&mut products, s * d);
                if s != 0.0 {
                    (alone, terms) = (d, terms + 1);
                }
            }
        }
        let ((analytic, parts), [low, high]) = (products, slope.sides);
        let slack = self.check.tolerance * (parts + low.abs() + high.abs())
            + SLACK * (high - low)
            + slope.steps
            + 8.0 * slope.noise;
        // Beyond the boundary of the function's domain there is no slope.
        let defined = low.is_finite() && high.is_finite();
        if !defined || (low - slack..=high + slack).contains(&analytic) {
            return Ok(());
        }
        // The slopes with respect to the parent's element, if the output depends on only one.
        let length = if terms == 1 { alone } else { 1.0 };
        let node = &self.recording.nodes[shares[0].node];
        Err(Mismatch::Kink {
            place: node.place.clone(),
            parent: shares[0].position,
            output: index(output, node.value.shape()),
            analytic: analytic / length,
            sides: match length < 0.0 {
                true => [high / length, low / length],
                false => [low / length, high / length],
            },
        })
    }
}

/// Returns the output that is compared in a turn; they are spread over all that are left.
fn chosen(left: &[bool], turn: usize) -> Option<usize> {
    let count = left.iter().filter(|left| **left).count();
    let nth = match count {
        0..=OUTPUTS => turn,
        _ => turn * count / OUTPUTS,
    };
    let mut at = left
        .iter()
        .enumerate()
        .filter_map(|(i, &left)| left.then_some(i));
    at.nth(nth)
}
