//! The check checked: rules that are spoilt must be noticed.

use std::cell::{Cell, RefCell};

use ndarray::Axis;
use tapeline_spec::{Call, Diagnostic, Registry};
use tapeline_tensor::{Place, Tamper, Tensor, check::Mismatch, value_and_grad_tampered};

use super::{
    Case, Failure,
    aspects::agree,
    case::{TRAINING, normal},
    example, list, registry,
};
use crate::{Ctx, LayerDef, Mode};

/// Samples of a batch.
const SAMPLES: usize = 3;

/// How many spoilt rules there were, all of them noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Number of spoilt rules.
    pub mutants: usize,
    /// Number of ways to spoil a rule that left it as it was.
    pub equal: usize,
}

/// A way to spoil what a rule returns for one of its parents.
type Spoil = fn(Tensor<f64>) -> Option<Tensor<f64>>;

const SPOILS: [(&str, Spoil); 5] = [
    ("scaled by 1.01", |g| Some(g * 1.01)),
    ("of the wrong sign", |g| Some(-g)),
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

/// Spoils each rule of a layer in turn, in each of its examples, and makes sure that the gradient check notices.
///
/// # Errors
/// The first spoilt rule that wasn't noticed.
pub fn catches(def: &LayerDef) -> Result<Caught, Failure> {
    let registry = registry(def)?;
    let mut caught = Caught::default();
    for &(text, shape) in def.examples {
        let case = Case::new(example(text, &registry)?, shape, &registry);
        let case = case.map_err(|e| Failure::new(text, list(&e)))?;
        every_rule(&case, &mut caught)?;
    }
    Ok(caught)
}

/// The same for the layers of a chain on an input shape.
///
/// # Errors
/// When they can't be built; the first spoilt rule that wasn't noticed.
pub fn catches_calls(
    calls: &[Call<'_, LayerDef>],
    shape: &[usize],
    registry: &Registry<LayerDef>,
) -> Result<Result<Caught, Failure>, Vec<Diagnostic>> {
    let case = Case::chain(calls.to_vec(), shape, registry)?;
    let mut caught = Caught::default();
    Ok(every_rule(&case, &mut caught).map(|()| caught))
}

fn every_rule(case: &Case<'_>, caught: &mut Caught) -> Result<(), Failure> {
    for mode in [TRAINING, Mode::Evaluation] {
        let told =
            |found: String| Failure::new(format!("`{}` on {:?}", case.text(), case.shape), found);
        let rules = Cell::new(0);
        // What stands in no scope is the sum behind the layer.
        let count = |at: &Place, _: usize, share| {
            rules.set(rules.get() + usize::from(at.scope.is_some()));
            Some(share)
        };
        let right = gradients(case, mode, &count);
        agree(case, SAMPLES, mode, None).map_err(|e| told(e.to_string()))?;
        for target in 0..rules.get() {
            for (how, spoil) in SPOILS {
                let (seen, place) = (Cell::new(0), RefCell::new(None));
                let tamper = |at: &Place, parent: usize, share: Tensor<f64>| {
                    if at.scope.is_none() || seen.replace(seen.get() + 1) != target {
                        return Some(share);
                    }
                    place.replace(Some((at.clone(), parent)));
                    spoil(share)
                };
                if same(&right, &gradients(case, mode, &tamper)) {
                    caught.equal += 1;
                    continue;
                }
                seen.set(0);
                match agree(case, SAMPLES, mode, Some(&tamper)) {
                    Err(Mismatch::Wrong { .. }) => caught.mutants += 1,
                    other => {
                        let (place, parent) =
                            place.take().unwrap_or_else(|| unreachable!("reached"));
                        let other = other.map_or_else(|e| e.to_string(), |_| "nothing".into());
                        return Err(told(format!(
                            "the rule of {place} for parent {parent}, {how}: the check noticed {other}"
                        )));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The gradients that the check will see, for a sum of the values that weighs each otherwise.
fn gradients(case: &Case<'_>, mode: Mode, tamper: Tamper<'_, f64>) -> Vec<Option<Tensor<f64>>> {
    let (params, x) = (case.params(), [case.input(SAMPLES)]);
    let (_, grads, ()) = value_and_grad_tampered(&params, &x, tamper, |tape, params, x| {
        let y = case.forward(&Ctx::new(tape, params, mode), x[0]);
        let weights = tape.constant(normal(&y.shape(), 7));
        ((y * weights).sum(), ())
    });
    grads.params.into_iter().chain(grads.inputs).collect()
}

/// Whether all gradients are the same but for rounding; one that isn't there is zeros.
fn same(a: &[Option<Tensor<f64>>], b: &[Option<Tensor<f64>>]) -> bool {
    let elements = |x: &Tensor<f64>| x.iter().copied().collect::<Vec<_>>();
    let largest = a
        .iter()
        .flatten()
        .flatten()
        .fold(0.0f64, |m, x| m.max(x.abs()));
    let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-10 * largest;
    a.iter().zip(b).all(|(a, b)| {
        let [mut a, mut b] = [a, b].map(|x| x.as_ref().map_or(Vec::new(), elements));
        let len = a.len().max(b.len());
        a.resize(len, 0.0);
        b.resize(len, 0.0);
        a.into_iter().zip(b).all(near)
    })
}
