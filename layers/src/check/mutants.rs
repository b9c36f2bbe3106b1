//! A test of the check itself: it must notice mutated gradient rules.

use std::collections::BTreeMap;

use tapeline_spec::{Call, Registry};
use tapeline_tensor::check::{Mutant, MutantOutcome};

use super::{
    Failure,
    case::{Case, MODES, caught, in_mode},
    example,
    mutations::MUTATIONS,
    registry,
};
use crate::{Ctx, LayerDef};

/// The mutated rules of a layer, all of which the check noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The mutated rules by the kind of mutation.
    pub kinds: Vec<CaughtKind>,
}

/// The mutated rules of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaughtKind {
    /// The mutation: `scaled by 1.01`.
    pub mutation: &'static str,
    /// Number of mutated rules that the check noticed.
    pub mutants: usize,
    /// Number of rules that the mutation left equal up to rounding, wherever the check looked: two
    /// dimensions of a matrix can be swapped, a vector has only one.
    pub equal: usize,
}

impl Caught {
    /// Returns whether there was nothing to mutate: no layer records an operation with a rule.
    pub fn is_empty(&self) -> bool {
        self.mutants() + self.equal() == 0
    }

    /// Returns the number of mutated rules.
    pub fn mutants(&self) -> usize {
        self.kinds.iter().map(|kind| kind.mutants).sum()
    }

    /// Returns the number of mutations that left a rule equal.
    pub fn equal(&self) -> usize {
        self.kinds.iter().map(|kind| kind.equal).sum()
    }

    fn new() -> Self {
        let kind = |&(mutation, _): &(&'static str, _)| CaughtKind {
            mutation,
            mutants: 0,
            equal: 0,
        };
        Caught {
            kinds: MUTATIONS.iter().map(kind).collect(),
        }
    }
}

/// Mutates each gradient rule of a layer in turn, in each of its examples, and checks that the
/// gradient check notices. The result [is empty](Caught::is_empty) if there was nothing to mutate.
///
/// # Errors
/// The first mutated rule that went unnoticed.
pub fn catches(def: &LayerDef) -> Result<Caught, Failure> {
    let registry = registry(def)?;
    let mut found = Caught::new();
    for &(text, shape) in def.examples {
        let case = Case::chain(example(text, def.name, &registry)?, shape, &registry);
        every_rule(
            &case.map_err(|e| e.failure(text, shape))?,
            usize::MAX,
            &mut found,
        )?;
    }
    Ok(found)
}

/// Does the same as [`catches`] for a chain of layers on an input shape. It uses normally distributed inputs only, so that a mutation of large values counts as
/// equal.
///
/// # Errors
/// When the layers can't be built; or the first mutated rule that went unnoticed.
pub fn catches_calls(
    calls: &[Call<LayerDef>],
    shape: &[usize],
    registry: &Registry<LayerDef>,
) -> Result<Caught, Failure> {
    let mut found = Caught::new();
    every_rule(&Case::of(calls, shape, registry)?, 1, &mut found)?;
    Ok(found)
}

/// Mutates the rules at the first points of the gradient check. A mutant that is noticed at one of
/// them is noticed by the check.
fn every_rule(case: &Case<'_>, points: usize, found: &mut Caught) -> Result<(), Failure> {
    let mutations = MUTATIONS.map(|(_, mutation)| mutation);
    for (name, mode) in MODES {
        let mut mutants: BTreeMap<_, Mutant> = BTreeMap::new();
        for point in case.points(mode).into_iter().take(points) {
            let at_point = caught(|| {
                let mutants = point.check.mutants(
                    &point.params,
                    &[point.x],
                    |tape, params, x| case.forward(&Ctx::new(tape, params, mode), x[0]),
                    &mutations,
                );
                mutants.map_err(|mismatch| mismatch.to_string())
            });
            let at_point = in_mode(name, at_point).map_err(|found| case.failure(found))?;
            for mutant in at_point {
                let key = (mutant.operation, mutant.parent, mutant.mutation);
                let merged = mutants.entry(key).or_insert_with(|| mutant.clone());
                merged.outcome = merged.outcome.max(mutant.outcome);
            }
        }
        for mutant in mutants.into_values() {
            let kind = &mut found.kinds[mutant.mutation];
            match mutant.outcome {
                MutantOutcome::Noticed => kind.mutants += 1,
                MutantOutcome::Equal => kind.equal += 1,
                MutantOutcome::Missed => {
                    let (place, parent, how) = (mutant.place, mutant.parent, kind.mutation);
                    return Err(case.failure(format!(
                        "in {name}, the check doesn't notice the mutated rule of {place} for parent {parent}, {how}"
                    )));
                }
            }
        }
    }
    Ok(())
}
