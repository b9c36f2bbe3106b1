//! Finds the element of a rule whose share is wrong.

use super::{
    LADDER, Mismatch,
    compare::{Seen, Verdict, add, undetermined, verdict},
    local::Local,
    problem::index,
    recording::Moves,
    slope::Total,
};
use crate::{Tensor, tape::Share};

impl Local<'_> {
    /// Bisects the perturbation of an operation's parents to find an element whose share is wrong,
    /// if there is one.
    pub fn narrow(
        &mut self,
        &Seen { moves, g, step, .. }: &Seen<'_>,
        shares: &[Share<f64>],
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
        let mut found: Vec<(Verdict, f64)> = Vec::new();
        for fraction in LADDER {
            let step = self.check.step * fraction;
            let verdict = self.along(row, shares, moves, g, step)?;
            if verdict.error <= verdict.loose {
                return Ok(None);
            }
            found.push((verdict, step));
        }
        let slopes = found.iter().map(|(verdict, _)| verdict.numeric);
        let errors = found.iter().map(|(verdict, _)| verdict.error);
        if undetermined(slopes, errors.fold(f64::INFINITY, f64::min)) {
            return Ok(None);
        }
        // Larger steps give rounder numbers, so a smaller step must reduce the error by about 1% to
        // be reported instead.
        let Some((mut verdict, step)) = found.into_iter().reduce(|least, next| {
            if 1.01 * next.0.error < least.0.error {
                next
            } else {
                least
            }
        }) else {
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
        let total = Total::of(&slopes[&id], g);
        Ok(verdict(products, &total, self.check.tolerance))
    }

    pub fn wrong(
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
