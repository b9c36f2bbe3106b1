//! Optimizers as chains of small gradient transforms, and learning-rate schedules.
//!
//! | module | what it holds |
//! |---|---|
//! | [`transform`] | [`Transform`]: changes a gradient, piece by piece; [`Chain`] |
//! | [`transforms`] | the transforms that are there, one file each |
//! | [`optimizer`] | [`Optimizer`]: a chain read from text; [`OptimizerDef`] |
//! | [`mod@optimizers`] | [`optimizers()`]: the registry, `sgd`, `adam`, `muon`, …; what *weight decay* means in each |
//! | [`stepper`] | [`Stepper`]: a chain at work on parameters; [`NotFinite`] |
//! | [`state`] | [`State`]: what resuming needs |
//! | [`schedule`] | [`Schedule`], [`Plan`]: a factor on `lr`, a function of the step and of validation losses; [`ScheduleDef`] |
//! | [`mod@schedules`] | [`schedules()`]: the registry, `cosine`, `warmup`, `plateau`, … |
//!
//! A chain leads a gradient through its transforms, one after another; what comes out is subtracted from the weights. So the
//! optimizers are sentences: `adam` is *add decay, scale by Adam, scale by the learning rate*, and `adamw` is *scale by Adam, add
//! decay, scale by the learning rate*. What stands beside an optimizer changes the gradient where it stands in the text, as `clip_norm`
//! does, or goes by the finished step and comes last, as `decay` and `ema` do.
//!
//! ```
//! use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
//! use tapeline_tensor::{Params, Role, tensor, value_and_grad};
//!
//! let mut params = Params::<f32>::new();
//! params.push("x", Role::Weight, tensor([1.0, -2.0]));
//!
//! let (optimizers, schedules) = (optimizers(), schedules());
//! let optimizer = Optimizer::read("clip_norm(1) sgd(lr=0.1, momentum=0.9)", &optimizers).unwrap();
//! let plan = Schedule::read("warmup(10) cosine", &schedules).unwrap().plan(100);
//! let mut stepper = optimizer.init(&params);
//! for step in 0..100 {
//!     let (_, grads, ()) = value_and_grad(&params, &[], |_, params, _| (params[0].square().sum(), ()));
//!     stepper.step(&mut params, grads, plan.factor(step)).unwrap();
//! }
//! assert!(params.iter().all(|p| p.value.iter().all(|x| x.abs() < 0.05)));
//! ```
//!
//! Each step is one pass over memory, however long the chain: all of it runs over a piece that fits the nearest cache before the
//! next piece. A transform that must see more, all gradients for their norm or a whole matrix to make it orthogonal, costs one more
//! pass. An outsider's transform is a struct of numbers with [`Transform::apply`], and an entry of its own in a registry:
//! see `examples/sign_descent.rs`.

pub mod optimizer;
pub mod optimizers;
pub mod schedule;
pub mod schedules;
pub mod state;
pub mod stepper;
pub mod transform;
pub mod transforms;

pub use optimizer::{Optimizer, OptimizerDef};
pub use optimizers::optimizers;
pub use schedule::{Phase, Plan, Schedule, ScheduleDef};
pub use schedules::schedules;
pub use state::{RestoreError, State};
pub use stepper::{NotFinite, Stepper};
pub use transform::{AnyTransform, Chain, Element, Piece, Transform};
