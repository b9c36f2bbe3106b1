//! A test of the check itself: it must notice mutated gradient rules.

use ndarray::Axis;
use tapeline_spec::{Call, Registry};
use tapeline_tensor::check::{Check, MutantOutcome, Mutation};

use super::{
    Failure,
    case::{Case, MODES, caught, in_mode},
    example, registry,
};
use crate::{Ctx, LayerDef};

/// Number of samples in a batch.
const SAMPLES: usize = 3;

/// Number of mutated rules, all of which the check noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Number of mutated rules.
    pub mutants: usize,
    /// Number of mutations that did not change the rule.
    pub equal: usize,
}

const MUTATIONS: [(&str, Mutation); 5] = [
    ("scaled by 1.01", |g| Some(g * 1.01)),
    ("with the wrong sign", |g| Some(-g)),
    ("dropped", |_| None),
    ("with two dimensions swapped", |g| {
        let axes: Vec<_> = (0..g.ndim()).filter(|&axis| g.shape()[axis] > 1).collect();
        let pair = axes.iter().enumerate().find_map(|(i, &a)| {
            let b = axes[i + 1..]
                .iter()
                .find(|&&b| g.shape()[a] == g.shape()[b])?;
            Some((a, *b))
        });
        let mut swapped = g.clone();
        if let Some((a, b)) = pair {
            swapped.swap_axes(a, b);
        }
        Some(swapped)
    }),
    ("shifted by one element", |g| {
        let Some(axis) = (0..g.ndim()).rev().find(|&axis| g.shape()[axis] > 1) else {
            return Some(g);
        };
        let (first, rest) = g.view().split_at(Axis(axis), 1);
        let shifted = ndarray::concatenate(Axis(axis), &[rest, first]);
        Some(
            shifted
                .unwrap_or_else(|e| unreachable!("parts of one array: {e}"))
                .into_shared(),
        )
    }),
];

/// Mutates each gradient rule of a layer in turn, in each of its examples, and checks that the
/// gradient check notices.
///
/// # Errors
/// The first mutated rule that went unnoticed.
pub fn catches(def: &LayerDef) -> Result<Caught, Failure> {
    let registry = registry(def)?;
    let mut found = Caught::default();
    for &(text, shape) in def.examples {
        let case = Case::new(example(text, &registry)?, shape, &registry);
        every_rule(&case.map_err(|e| e.failure(text, shape))?, &mut found)?;
    }
    Ok(found)
}

/// Does the same as [`catches`] for a chain of layers on an input shape.
///
/// # Errors
/// When the layers can't be built; or the first mutated rule that went unnoticed.
pub fn catches_calls(
    calls: &[Call<LayerDef>],
    shape: &[usize],
    registry: &Registry<LayerDef>,
) -> Result<Caught, Failure> {
    let mut found = Caught::default();
    every_rule(&Case::of(calls, shape, registry)?, &mut found)?;
    Ok(found)
}

fn every_rule(case: &Case<'_>, found: &mut Caught) -> Result<(), Failure> {
    for (name, mode) in MODES {
        let mutants = caught(|| {
            let mutants = Check::default().mutants(
                &case.params(),
                &[case.input(SAMPLES)],
                |tape, params, x| case.forward(&Ctx::new(tape, params, mode), x[0]),
                &MUTATIONS.map(|(_, mutation)| mutation),
            );
            mutants.map_err(|mismatch| mismatch.to_string())
        });
        let mutants = in_mode(name, mutants).map_err(|found| case.failure(found))?;
        for mutant in mutants {
            match mutant.outcome {
                MutantOutcome::Noticed => found.mutants += 1,
                MutantOutcome::Equal => found.equal += 1,
                MutantOutcome::Missed => {
                    let (place, parent, how) =
                        (mutant.place, mutant.parent, MUTATIONS[mutant.mutation].0);
                    let missed = format!(
                        "in {name}, the check doesn't notice the mutated rule of {place} for parent {parent}, {how}"
                    );
                    return Err(case.failure(missed));
                }
            }
        }
    }
    Ok(())
}
