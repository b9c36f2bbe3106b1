//! Layers and losses that are registered by name, and checks for them.
//!
//! | module | contents |
//! |---|---|
//! | [`layer`] | [`Layer`], the trait of all layers; [`Element`], their scalar types |
//! | [`ctx`] | [`Ctx`], the context in which a layer runs |
//! | [`def`] | [`LayerDef`], the definition of a registered layer |
//! | [`build`] | [`Build`], the context in which a layer is built |
//! | [`built`] | [`Built`], a built layer, and what it can be fused with |
//! | [`saved`] | [`Saved`], a value that is saved under a name |
//! | [`sequential`] | [`Sequential`], a sequence of layers |
//! | [`graph`] | [`Graph`], a model as ONNX operations, for export |
//! | [`meaning`] | [`Meaning`] of an output: logits, probabilities or their logarithms |
//! | [`plan`] | [`Plan`], a whole model without arrays |
//! | `site` | [`LayerSummary`], and what else is collected while a model is built, within limits |
//! | `features` | the axis of the features or channels of a sample |
//! | `input_size` | [`INPUT_SIZES`], the sizes of its input that a layer's arguments can use |
//! | [`declare`] | [`Declared`] parameters and their initialization, [`Init`] |
//! | [`loss`] | [`Loss`], the trait of all losses; [`LossDef`], the definition of one |
//! | [`check`] | checks of a layer or a loss in one line |
//! | `strategies` | proptest strategies for networks and layers (feature `proptest`) |
//! | [`layers`](mod@layers), [`losses`](mod@losses) | the registries and their entries |
//!
//! # Shapes of samples
//!
//! A batch has one more dimension, which comes first.
//!
//! | sample | shape | axis of the features |
//! |---|---|---|
//! | features | `[features]` | the only one |
//! | sequence | `[tokens, features]` | the last |
//! | image | `[channels, height, width]` | the first |
//!
//! Layers that mix, normalize or split features act on that axis, and treat all tokens alike, as
//! PyTorch does for `[n, tokens, features]`: `linear` and others that multiply by a matrix,
//! `layernorm`, `rmsnorm`, `groupnorm`, `batchnorm1d` (with the statistics over batch and tokens),
//! `softmax`, `glu`, `prelu`, `concat`. `linear` and the like refuse images. `layernorm` and
//! `rmsnorm` normalize all values of an image together. [`Build::feature_axis`] and
//! [`Graph::feature_axis`] return the axis.
//!
//! # Layers
//!
//! A layer is written in one file: its arguments, a definition, a struct of sizes and parameter
//! ids, and `forward`. [`LayerDef`] has a small example, and `examples/outsider` is a whole program
//! with a registry of its own. Losses work the same way, with [`LossDef`] and
//! `examples/outsider_loss.rs`.
//!
//! ```
//! use tapeline_layers::{Ctx, Layer, Mode, Plan, layers};
//! use tapeline_spec::{Presets, read};
//! use tapeline_tensor::{Tensor, no_grad};
//!
//! let spec = read("flatten linear(8) relu linear(2)", &layers(), &Presets::new())?;
//! let plan = Plan::build(&spec, &[1, 3, 3])?;
//! assert_eq!((plan.output.as_slice(), plan.parameters()), (&[2][..], 9 * 8 + 8 + 8 * 2 + 2));
//!
//! let y = no_grad(&plan.init::<f32>(0), |tape, params| {
//!     let images = tape.constant(Tensor::zeros(vec![5, 1, 3, 3]));
//!     plan.chain.forward(&Ctx::new(tape, params, Mode::Evaluation), images).value()
//! });
//! assert_eq!(y.shape(), [5, 2]);
//! # Ok::<(), tapeline_spec::SpecError>(())
//! ```

pub mod build;
pub mod built;
pub mod check;
pub mod ctx;
pub mod declare;
pub mod def;
mod features;
pub mod graph;
mod input_size;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod losses;
pub mod meaning;
pub mod plan;
pub mod saved;
pub mod sequential;
mod site;
mod sizes;
#[cfg(feature = "proptest")]
pub mod strategies;

pub use build::{Asked, Build, IndexTable};
/// The arrays and random number generators in signatures of this crate.
pub use {ndarray, rand, rand_chacha};

pub use built::{Built, Epilogue};
pub use ctx::{Ctx, Mode, Stream, Updates};
pub use declare::{Declared, Init};
pub use def::{Batch, LayerDef, Refusal};
pub use graph::{Graph, GraphValue, NoNodes};
pub use input_size::{INPUT_SIZES, with_input_sizes};
pub use layer::{AnyLayer, ByChannel, Element, Layer};
pub use layers::layers;
pub use loss::{AnyLoss, Loss, LossDef, NamedLoss, SoftLoss, Takes, one_hot};
pub use losses::losses;
pub use meaning::Meaning;
pub use plan::Plan;
pub use saved::{Saved, SavedId};
pub use sequential::Sequential;
pub use site::LayerSummary;
