//! The built-in optimizers, and transforms to use next to one.
//!
//! *Weight decay* has two meanings. In the formulas, *λ* is `weight_decay` and *lr* the learning
//! rate times the schedule's factor:
//!
//! | entry | meaning | effect on the weight |
//! |---|---|---|
//! | `sgd`, `adam`, `rmsprop`, `adagrad` | L2: the gradient of *λ/2·p²* is added to that of the loss | *g + λ·p* takes the place of *g*, and passes through momentum and scaling |
//! | `adamw`, `lion`, `muon` | decoupled: a fraction of the weight is subtracted | *p = (1 − lr·λ)·p − lr·u*, where *u* is *g* after momentum and scaling |
//! | `decay` | decoupled, for any optimizer and at any position in the text | *p = (1 − lr·λ)·p − s*, where *s* is the optimizer's step |
//!
//! In all of them, *p* is the weight before the step. Biases and scales
//! ([`Role::Bias`](tapeline_tensor::Role), `Role::Scale`) decay too, as they do in PyTorch, unless
//! `decay_biases=false`. For them, *lr* is `adamw_lr` in `muon`; for `decay`, it is always the
//! optimizer's `lr`.

mod adagrad;
mod adam;
mod adamw;
mod lion;
mod muon;
mod rmsprop;
mod sgd;

use tapeline_spec::{Arg, Registry};

use crate::{OptimizerDef, transforms};

/// Returns the registry of the built-in optimizers and transforms; extend it with
/// [`Registry::with`].
///
/// ```
/// let names: Vec<_> = tapeline_optim::optimizers().iter().map(|def| def.name).collect();
/// assert_eq!(names[..7], ["adagrad", "adam", "adamw", "clip_norm", "clip_value", "decay", "ema"]);
/// assert_eq!(names[7..], ["lion", "muon", "rmsprop", "sgd"]);
/// ```
pub fn optimizers() -> Registry<OptimizerDef> {
    let all = [
        adagrad::ADAGRAD,
        adam::ADAM,
        adamw::ADAMW,
        transforms::CLIP_NORM,
        transforms::CLIP_VALUE,
        transforms::DECAY,
        transforms::EMA,
        lion::LION,
        muon::MUON,
        rmsprop::RMSPROP,
        sgd::SGD,
    ];
    all.into_iter()
        .try_fold(Registry::new("optimizer"), Registry::with)
        .expect("built-in names are unique")
}

pub(crate) const LR: Arg<f64> = Arg::new("lr", "learning rate").default(0.001).above(0.0);
const BETAS: Arg<[f64; 2]> = Arg::new("betas", "decay rates of the running means of g and g²")
    .keyword_only()
    .default([0.9, 0.999])
    .from(0.0)
    .below(1.0);
const EPS: Arg<f64> = Arg::new("eps", "added to the denominator")
    .keyword_only()
    .default(1e-8)
    .above(0.0);
const MOMENTUM: Arg<f64> = Arg::new("momentum", "momentum factor")
    .keyword_only()
    .default(0.0)
    .from(0.0)
    .below(1.0);
const NESTEROV: Arg<bool> = Arg::new("nesterov", "whether to use Nesterov momentum")
    .keyword_only()
    .default(false);
