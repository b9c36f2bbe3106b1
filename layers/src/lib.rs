//! Layers and losses by name, one file each, with a check for all.
//!
//! | module | what it holds |
//! |---|---|
//! | [`layer`] | [`Layer`], what a layer is; [`Element`], the two types of number |
//! | [`ctx`] | [`Ctx`], what a layer is given while it runs |
//! | [`def`] | [`LayerDef`], what a registered layer says of itself |
//! | [`build`] | [`Build`], from a call to a layer |
//! | [`built`] | [`Built`], the layer, and what it can be joined with |
//! | [`chain`] | [`Chain`], layers one after another |
//! | [`graph`] | [`Graph`], a model as plain nodes, for other programs |
//! | [`meaning`] | [`Meaning`]: logits, probabilities or their logarithms |
//! | [`plan`] | [`Plan`], a whole model without arrays |
//! | [`declare`] | [`Declared`], [`Init`]: parameters and their first values |
//! | [`loss`] | [`Loss`], what a loss is; [`LossDef`], what a registered one says of itself |
//! | [`check`] | one line that checks a layer or a loss |
//! | [`layers`](mod@layers), [`losses`](mod@losses) | the registries and their entries |
//!
//! A layer author writes one file: argument keys, a definition, a struct of sizes and ids, `forward`. [`LayerDef`] has a small one, and
//! `examples/` a whole one with a registry of its own. So it is with losses and [`LossDef`].
//!
//! ```
//! use tapeline_layers::{Ctx, Layer, Mode, Plan, layers};
//! use tapeline_spec::{Presets, read};
//! use tapeline_tensor::{Tensor, no_grad};
//!
//! let registry = layers();
//! let spec = read("flatten linear(8) relu linear(2)", &registry, &Presets::new()).unwrap();
//! let plan = Plan::build(&spec.calls(), &[1, 3, 3]).unwrap();
//! assert_eq!((plan.output.as_slice(), plan.parameters()), (&[2][..], 9 * 8 + 8 + 8 * 2 + 2));
//!
//! let y = no_grad(&plan.init::<f32>(0), |tape, params| {
//!     let images = tape.constant(Tensor::zeros(vec![5, 1, 3, 3]));
//!     plan.chain.forward(&Ctx::new(tape, params, Mode::Evaluation), images).value()
//! });
//! assert_eq!(y.shape(), [5, 2]);
//! ```

pub mod build;
pub mod built;
pub mod chain;
pub mod check;
pub mod ctx;
pub mod declare;
pub mod def;
pub mod graph;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod losses;
pub mod meaning;
pub mod plan;

pub use build::{Asked, Build, Table};
pub use built::{Built, Epilogue};
pub use chain::Chain;
pub use ctx::{Ctx, Mode, Stream, Updates};
pub use declare::{Declared, Init};
pub use def::{Batch, LayerDef, Refusal};
pub use graph::{Graph, NoNodes, Value};
pub use layer::{AnyLayer, Element, Layer};
pub use layers::layers;
pub use loss::{AnyLoss, Loss, LossDef, NamedLoss, Takes, one_hot};
pub use losses::losses;
pub use meaning::Meaning;
pub use plan::{Plan, Row};
