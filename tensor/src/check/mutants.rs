//! Mutation testing of the gradient check: mutated rules must be noticed.

use std::collections::BTreeMap;

use super::{Mismatch, Report, compare::Seen, local::Local};
use crate::{Place, Tensor, tape::Share};

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
    /// The mutation changed the gradient by no more than the rounding errors of finite differences.
    Equal,
    /// The check didn't notice the mutation.
    Missed,
    /// The check noticed the mutation.
    Noticed,
}

pub fn mutants(mut local: Local<'_>, mutations: &[Mutation]) -> Result<Vec<Mutant>, Mismatch> {
    let mut found: BTreeMap<(usize, usize, usize), Mutant> = BTreeMap::new();
    local.run(false, &mut Report::default(), |seen| {
        for share in seen.shares.iter().filter(|share| seen.compares(share)) {
            for (mutation, mutate) in mutations.iter().enumerate() {
                let key = (seen.id, share.position, mutation);
                let mutant = found.entry(key).or_insert_with(|| Mutant {
                    place: seen.nodes[seen.id].place.clone(),
                    operation: seen.id,
                    parent: share.position,
                    mutation,
                    outcome: MutantOutcome::Equal,
                });
                if mutant.outcome != MutantOutcome::Noticed {
                    let parent = &seen.nodes[share.parent].value;
                    let mutated = mutate(parent, share.value.clone());
                    mutant.outcome = mutant.outcome.max(outcome(seen, share, mutated));
                }
            }
        }
    })?;
    Ok(found.into_values().collect())
}

/// Returns whether a mutated share is noticed along the direction of `seen`.
fn outcome(seen: &Seen<'_>, share: &Share<f64>, mutated: Option<Tensor<f64>>) -> MutantOutcome {
    match same(&share.value, mutated.as_ref()) {
        true => MutantOutcome::Equal,
        false => seen.outcome(share.position, mutated.as_ref()),
    }
}

/// Returns `true` if a mutated share is equal up to rounding; a dropped share counts as zeros.
fn same(share: &Tensor<f64>, mutated: Option<&Tensor<f64>>) -> bool {
    let largest = share.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-10 * largest;
    match mutated {
        Some(mutated) => share.iter().zip(mutated).all(|(&a, &b)| near(a, b)),
        None => share.iter().all(|&a| near(a, 0.0)),
    }
}
