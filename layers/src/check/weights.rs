//! Parameters that affect nothing.

use std::collections::BTreeMap;

use tapeline_tensor::{Tensor, value_and_grad};

use super::{
    case::{Case, MODES},
    failure::Failure,
};
use crate::Ctx;

/// The learned parameters of a layer by name, and whether one has a gradient in any case.
#[derive(Default)]
pub struct Weights(BTreeMap<String, bool>);

impl Weights {
    /// Adds the parameters of a case.
    pub fn add(&mut self, case: &Case<'_>) {
        let params = case.params();
        for (_, mode) in MODES {
            for x in [case.input(3), case.mixed_input(3)] {
                let (_, grads, ()) = value_and_grad(&params, &[x], |tape, on_tape, x| {
                    let y = case.forward(&Ctx::new(tape, on_tape, mode), x[0]);
                    (y.square().sum(), ())
                });
                for (param, gradient) in params.iter().zip(&grads.params) {
                    if param.role.is_learned() {
                        let has = |gradient: &Tensor<f64>| gradient.iter().any(|&g| g != 0.0);
                        *self.0.entry(param.name.clone()).or_default() |=
                            gradient.as_ref().is_some_and(has);
                    }
                }
            }
        }
    }

    /// Returns an error if a parameter of the layer `name` has no gradient in any case.
    pub fn all_used(&self, name: &str) -> Result<(), Failure> {
        match self.0.iter().find(|(_, used)| !**used) {
            None => Ok(()),
            Some((unused, _)) => Err(Failure::new(
                name,
                format!(
                    "parameter `{unused}` has no effect: its gradient is zero in every case; if it isn't learned, declare it with `Build::buffer`"
                ),
            )),
        }
    }
}
