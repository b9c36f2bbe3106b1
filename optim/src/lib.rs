//! Optimizers as chains of small gradient transforms, and learning-rate schedules.
//!
//! | module | contents |
//! |---|---|
//! | [`transform`] | [`Transform`]: changes a gradient, piece by piece; [`Chain`] |
//! | [`transforms`] | the built-in transforms, one file each |
//! | [`optimizer`] | [`Optimizer`]: a chain read from text; [`OptimizerDef`] |
//! | [`mod@optimizers`] | [`optimizers()`]: the registry, `sgd`, `adam`, `muon`, …; the meaning of *weight decay* in each |
//! | [`stepper`] | [`Stepper`]: applies a chain to parameters; [`StepError`] |
//! | `pass` | one pass over gradients, weights and moments |
//! | [`state`] | [`State`]: what is saved for resuming |
//! | [`schedule`] | [`Schedule`], [`Scheduler`]: a factor on `lr` that depends on the step and on validation losses; [`ScheduleDef`] |
//! | [`mod@schedules`] | [`schedules()`]: the registry, `cosine`, `warmup`, `plateau`, … |
//!
//! A chain applies its transforms to a gradient, one after another; the result is subtracted from
//! the weights. Optimizers are compositions of transforms: `adam` is *add decay, scale by Adam,
//! scale by the learning rate*, and `adamw` is *scale by Adam, add decay, scale by the learning
//! rate*. Entries used next to an optimizer either change the gradient at their position in the
//! text, like `clip_norm`, or depend on the finished step and always come last, like `decay` and
//! `ema`.
//!
//! ```
//! use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
//! use tapeline_tensor::{Params, Role, tensor, value_and_grad};
//!
//! let mut params = Params::<f32>::new();
//! params.push("x", Role::Weight, tensor([1.0, -2.0]));
//!
//! let optimizer = Optimizer::read("clip_norm(1) sgd(lr=0.1, momentum=0.9)", &optimizers())?;
//! let scheduler = Schedule::read("warmup(10) cosine", &schedules())?.scheduler(100);
//! let mut stepper = optimizer.init(&params);
//! for step in 0..100 {
//!     let (_, grads, ()) = value_and_grad(&params, &[], |_, params, _| (params[0].square().sum(), ()));
//!     stepper.step(&mut params, grads, scheduler.factor(step))?;
//! }
//! assert!(params.iter().all(|p| p.value.iter().all(|x| x.abs() < 0.05)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each step is one pass over memory, however long the chain: all transforms run on a piece that
//! fits the first-level cache before the next piece starts. A transform that needs more than a
//! piece, such as all gradients for their norm or a whole matrix to orthogonalize it, costs one
//! more pass. A custom transform is a struct of numbers with [`Transform::apply`], and an entry in
//! a registry; see `examples/sign_descent.rs`.

pub mod optimizer;
pub mod optimizers;
mod pass;
pub mod schedule;
pub mod schedules;
pub mod state;
pub mod stepper;
pub mod transform;
pub mod transforms;

pub use optimizer::{Optimizer, OptimizerDef};
pub use optimizers::optimizers;
pub use schedule::{Phase, Schedule, ScheduleDef, Scheduler};
pub use schedules::schedules;
pub use state::{RestoreError, State};
pub use stepper::{StepError, Stepper};
pub use transform::{AnyTransform, Chain, Piece, Transform, TransformScalar};
