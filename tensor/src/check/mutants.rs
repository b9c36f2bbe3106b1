//! Mutation testing of the gradient check: mutated rules must be noticed.

use std::collections::BTreeMap;

use super::{FINEST, Mismatch, Report, compare::Seen, local::Local};
use crate::{Place, Tensor, zeros_like};

/// A mutation of the share of a gradient that a rule returns for one of its parents, given the value
/// of the parent; both have the same shape. `None` drops the share.
pub type Mutation = fn(&Tensor<f64>, Tensor<f64>) -> Option<Tensor<f64>>;

/// A mutated rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// The operation of the rule.
    pub place: Place,
    /// The index of the operation among those that the function records.
    pub operation: usize,
    /// The position of the parent whose share is mutated.
    pub parent: usize,
    /// The index of the mutation.
    pub mutation: usize,
    /// Whether the check notices it.
    pub outcome: MutantOutcome,
}

/// The outcome of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MutantOutcome {
    /// The mutation changed the gradient by no more than the errors of finite differences.
    Equal,
    /// The check didn't notice the mutation.
    Missed,
    /// The check noticed the mutation.
    Noticed,
}

/// Factor on rounding errors above which an error is certainly reported.
const MARGIN: f64 = 4.0;

pub fn mutants(mut local: Local<'_>, mutations: &[Mutation]) -> Result<Vec<Mutant>, Mismatch> {
    let mut found: BTreeMap<(usize, usize, usize), Mutant> = BTreeMap::new();
    local.run(false, &mut Report::default(), |local, seen| {
        for (i, share) in seen.shares.iter().enumerate() {
            if !seen.compares(share) {
                continue;
            }
            for (mutation, mutate) in mutations.iter().enumerate() {
                let key = (share.node, share.position, mutation);
                let mutant = found.entry(key).or_insert_with(|| Mutant {
                    place: local.recording.nodes[share.node].place.clone(),
                    operation: share.node,
                    parent: share.position,
                    mutation,
                    outcome: MutantOutcome::Equal,
                });
                if mutant.outcome != MutantOutcome::Noticed {
                    let parent = &local.recording.nodes[share.parent].value;
                    let mutated = mutate(parent, share.value.clone());
                    let mutated = mutated.unwrap_or_else(|| zeros_like(&share.value));
                    mutant.outcome = mutant.outcome.max(outcome(local, seen, i, mutated)?);
                }
            }
        }
        Ok(())
    })?;
    Ok(found.into_values().collect())
}

/// Returns whether the check notices that the `i`th share is mutated.
fn outcome(
    local: &mut Local<'_>,
    seen: &Seen<'_>,
    i: usize,
    mutated: Tensor<f64>,
) -> Result<MutantOutcome, Mismatch> {
    if same(&seen.shares[i].value, &mutated) {
        return Ok(MutantOutcome::Equal);
    }
    let mut shares = seen.shares.to_vec();
    shares[i].value = mutated;
    let verdict = seen.verdict(&shares);
    // An error is only reported if the finest differences show it, too.
    let finest = local.check.step * FINEST;
    let hidden = MARGIN * verdict.rounding.max(verdict.tight) * (seen.step / finest);
    Ok(match verdict.error {
        error if error > verdict.loose && error > hidden => MutantOutcome::Noticed,
        error if error <= verdict.rounding.max(verdict.tight) => MutantOutcome::Equal,
        // As the check does, look for an element that is wrong.
        error => match local.narrow(seen, &shares)? {
            Some(_) => MutantOutcome::Noticed,
            None if error <= hidden => MutantOutcome::Equal,
            None => MutantOutcome::Missed,
        },
    })
}

/// Returns `true` if a mutated share is equal up to rounding.
fn same(share: &Tensor<f64>, mutated: &Tensor<f64>) -> bool {
    let largest = share.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-10 * largest;
    share.iter().zip(mutated).all(|(&a, &b)| near(a, b))
}
