//! The check checked: mutated rules must be noticed.

use std::collections::BTreeMap;

use super::{Mismatch, Report, local::Local};
use crate::{Place, Tensor};

/// A way to mutate the share of a gradient that a rule returns for one of its parents; `None` drops it.
pub type Mutation = fn(Tensor<f64>) -> Option<Tensor<f64>>;

/// A mutated rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// The rule's operation.
    pub place: Place,
    /// Which of the operation's parents the mutated share is for.
    pub parent: usize,
    /// The position of the mutation among those that were tried.
    pub mutation: usize,
    /// Whether the check notices it.
    pub outcome: Outcome,
}

/// How a mutant fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The mutation left the share as it was, or changed it by less than the tolerance of the check.
    Equal,
    /// The check doesn't notice it.
    Missed,
    /// The check notices it.
    Noticed,
}

pub fn mutants(mut local: Local<'_>, mutations: &[Mutation]) -> Result<Vec<Mutant>, Mismatch> {
    let mut found: BTreeMap<(usize, usize, usize), Mutant> = BTreeMap::new();
    local.run(&mut Report::default(), |seen| {
        for share in seen.shares.iter().filter(|share| seen.compares(share)) {
            for (mutation, mutate) in mutations.iter().enumerate() {
                let mutated = mutate(share.value.clone());
                let outcome = match &mutated {
                    _ if same(&share.value, mutated.as_ref()) => Outcome::Equal,
                    mutated if seen.notices(share.position, mutated.as_ref()) => Outcome::Noticed,
                    _ => Outcome::Missed,
                };
                let mutant = found
                    .entry((seen.id, share.position, mutation))
                    .or_insert(Mutant {
                        place: seen.node.place.clone(),
                        parent: share.position,
                        mutation,
                        outcome,
                    });
                mutant.outcome = mutant.outcome.max(outcome);
            }
        }
    })?;
    Ok(found.into_values().collect())
}

/// Whether a mutated share is the same but for what the check tolerates; a dropped one is zeros.
fn same(share: &Tensor<f64>, mutated: Option<&Tensor<f64>>) -> bool {
    let largest = share.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * largest + 1e-10;
    match mutated {
        Some(mutated) => share.iter().zip(mutated).all(|(&a, &b)| near(a, b)),
        None => share.iter().all(|&a| near(a, 0.0)),
    }
}
