//! A recorded function, replayed on perturbed values so that its operations and their rules can be
//! checked individually.

use std::collections::BTreeMap;

use super::{Mismatch, problem::Function};
use crate::{
    Params, Role, Tamper, Tape, Tensor, Var,
    tape::{Recorded, Share},
};

/// For each value on the tape, the direction in which it is perturbed.
pub type Moves = Vec<Option<Tensor<f64>>>;

/// A function and the operations that it records at a point.
pub struct Recording<'a> {
    params: &'a Params<f64>,
    inputs: &'a [Tensor<f64>],
    f: Function<'a>,
    tamper: Option<Tamper<'a, f64>>,
    /// The recorded operations, by id.
    pub nodes: Vec<Recorded<f64>>,
    /// For each operation, the parents that receive a share, as pairs of the position among its
    /// parents and the id of the parent.
    pub parents: Vec<Vec<(usize, usize)>>,
    /// Number of runs on perturbed values.
    pub evaluations: usize,
}

impl<'a> Recording<'a> {
    /// Records the function at a point.
    pub fn new(
        params: &'a Params<f64>,
        inputs: &'a [Tensor<f64>],
        f: Function<'a>,
        tamper: Option<Tamper<'a, f64>>,
    ) -> Self {
        let mut recording = Recording {
            params,
            inputs,
            f,
            tamper,
            nodes: Vec::new(),
            parents: Vec::new(),
            evaluations: 0,
        };
        let tape = Tape::new(true);
        recording.record(&tape);
        recording.nodes = tape.recorded();
        recording.parents = vec![Vec::new(); recording.nodes.len()];
        let ones = |id: usize| Some(Tensor::ones(recording.nodes[id].value.raw_dim()));
        tape.each_rule(ones, |share| {
            recording.parents[share.node].push((share.position, share.parent));
        });
        recording
    }

    /// Runs the function on a tape.
    fn record<'t>(&self, tape: &'t Tape<f64>) {
        let params = self.params.iter();
        let params: Vec<Var<'t, f64>> = params
            .map(|p| tape.leaf(p.value.clone(), p.role == Role::Weight))
            .collect();
        let inputs = self.inputs.iter();
        let inputs: Vec<_> = inputs.map(|x| tape.leaf(x.clone(), true)).collect();
        (self.f)(tape, &params, &inputs);
    }

    /// Returns the maximum number of parents that an operation has.
    pub fn positions(&self) -> usize {
        let positions = self.parents.iter().flatten();
        positions
            .map(|(position, _)| position + 1)
            .max()
            .unwrap_or(0)
    }

    /// Returns, for each value, whether it is the parent of some operation at a position.
    pub fn are_parents_at(&self, position: usize) -> Vec<bool> {
        let mut are_parents = vec![false; self.nodes.len()];
        let parents = self.parents.iter().flatten();
        for &(_, parent) in parents.filter(|(p, _)| *p == position) {
            are_parents[parent] = true;
        }
        are_parents
    }

    /// Runs all operations on perturbed values.
    pub fn computed(&mut self, moves: &Moves, distance: f64) -> Result<Vec<Tensor<f64>>, Mismatch> {
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
    pub fn shares(&self, gradients: &BTreeMap<usize, Tensor<f64>>) -> Vec<Share<f64>> {
        let tape = Tape::new(true);
        self.record(&tape);
        let mut shares = Vec::new();
        tape.each_rule(
            |id| gradients.get(&id).cloned(),
            |mut share| {
                if let Some(tamper) = self.tamper {
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
}
