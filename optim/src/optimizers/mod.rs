//! The optimizers that are there: entries with `lr`, and transforms that stand beside one.

mod adam;
mod adamw;
mod sgd;

use tapeline_spec::{Arg, Registry};

use crate::{OptimizerDef, transforms};

/// All of them, as a registry to which [`Registry::with`] adds one's own.
///
/// ```
/// let names: Vec<_> = tapeline_optim::optimizers().iter().map(|def| def.name).collect();
/// assert_eq!(names, ["adam", "adamw", "clip_norm", "sgd"]);
/// ```
pub fn optimizers() -> Registry<OptimizerDef> {
    let all = [adam::ADAM, adamw::ADAMW, transforms::CLIP_NORM, sgd::SGD];
    all.into_iter()
        .try_fold(Registry::new("optimizer"), Registry::with)
        .expect("definitions that differ in name")
}

pub(crate) const LR: Arg<f64> = Arg::new("lr", "learning rate").default(0.001).above(0.0);
const BETAS: Arg<[f64; 2]> = Arg::new("betas", "how much of the running means of g and g² is kept")
    .default([0.9, 0.999])
    .from(0.0)
    .below(1.0);
const EPS: Arg<f64> = Arg::new("eps", "added to the denominator")
    .default(1e-8)
    .above(0.0);
