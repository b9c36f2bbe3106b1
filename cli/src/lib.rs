//! One line of text becomes a trained classifier.
//!
//! ```
//! let run = tapeline::train("mlp").data("mnist").epochs(1).optimizer("adam(lr=0.001)").seed(0);
//! # let run = run.limit(1000);
//! let run = run.run()?;
//! println!("{:.4}", run.test_accuracy);
//! # let folder = std::env::temp_dir().join(format!("tapeline-doctest-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # std::env::set_current_dir(&folder).unwrap();
//! run.model.save("digits.safetensors")?;
//! # std::env::set_current_dir("/").unwrap();
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), tapeline::Error>(())
//! ```
//!
//! [`train`] takes any setting of `tapeline train`, with the same defaults, and every error is an
//! [`Error`], whose text shows the place in a spec. Names of your own are passed by one call for
//! each registry:
//!
//! ```
//! use tapeline::{
//!     layers::{Build, Ctx, Element, Layer, LayerDef, layers},
//!     tensor::Var,
//! };
//!
//! const DOUBLE: LayerDef = LayerDef {
//!     name: "double",
//!     about: "doubles each value",
//!     examples: &[("double", &[5])],
//!     build: |_, build: &mut Build| Ok(build.same_shape(Double)),
//!     ..LayerDef::BASE
//! };
//!
//! struct Double;
//!
//! impl<T: Element> Layer<T> for Double {
//!     fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
//!         x + x
//!     }
//! }
//!
//! let run = tapeline::train("flatten linear(16) double relu linear(10)")
//!     .layers(layers().with(DOUBLE).unwrap())
//!     .limit(200)
//!     .epochs(1)
//!     .run()?;
//! assert_eq!(run.history.len(), 1);
//! # Ok::<(), tapeline::Error>(())
//! ```
//!
//! With the feature `cli`, which is on by default, `main_with` is the program `tapeline` with names
//! of your own: one call in `main` trains, compares, checks, lists and exports them.
//!
//! Each crate can also be used alone:
//!
//! | module | crate | contents |
//! |---|---|---|
//! | [`spec`] | `tapeline-spec` | the language: grammar, registries, diagnostics |
//! | [`tensor`] | `tapeline-tensor` | arrays on an autograd tape |
//! | [`layers`](mod@layers) | `tapeline-layers` | layers, losses, the layer check |
//! | [`optim`] | `tapeline-optim` | optimizers, schedules |
//! | [`data`] | `tapeline-data` | datasets, batches, augmentation |
//! | [`models`] | `tapeline-models` | models, training, model files |
//! | [`plots`] | `tapeline-plots` | charts as SVG and text |
//! | [`experiments`] | `tapeline-experiments` | run folders, comparisons, reports |

#[cfg(feature = "cli")]
mod program;

#[cfg(feature = "cli")]
pub use program::{Program, main_with};
pub use tapeline_data as data;
pub use tapeline_experiments::{
    self as experiments, Error, Registries, Settings, Train, TrainedRun, train,
};
pub use tapeline_layers as layers;
pub use tapeline_models as models;
pub use tapeline_optim as optim;
pub use tapeline_plots as plots;
pub use tapeline_spec as spec;
pub use tapeline_tensor as tensor;
