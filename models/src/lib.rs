//! Builds, trains, evaluates and stores models that are described by one line of text.
//!
//! | module | contents |
//! |---|---|
//! | [`model`] | [`Model`]: a spec built for an input shape |
//! | [`presets`](mod@presets) | [`presets()`]: named specs; [`CLASSES`] |
//! | [`train`] | [`Trainer`]: single training steps |
//! | [`fit`](mod@fit) | [`fit()`]: the training loop over epochs, with an observer |
//! | [`progress`] | [`Running`], [`Progress`], [`Epoch`]: metrics of a training run |
//! | [`history`] | [`History`]: the finished epochs, and the table in which they are stored |
//! | [`evaluate`](mod@evaluate) | [`evaluate()`], [`predict`] |
//! | [`metrics`] | [`ClassMetrics`], [`metrics::Calibration`]: more than accuracy |
//! | [`mistakes`](mod@mistakes) | [`mistakes()`], [`mistakes::occlusion`]: the images that a model gets wrong |
//! | [`memory`] | [`Memory`]: estimates of memory use |
//! | [`file`](mod@file) | model files: [`save`], [`load`], [`load_weights`] |
//! | [`checkpoint`](mod@checkpoint) | checkpoints, from which a run resumes with bit-identical results |
//! | [`onnx`] | export to ONNX |
//! | [`page`] | export as an HTML page on which one draws |
//! | [`torch`] | export as Python source for PyTorch |
//! | [`weights`] | parameters as safetensors |
//! | [`partial`] | weights that fit a model only in part |
//! | [`error`] | [`NotFinite`], [`Diverged`] |
//!
//! ```
//! use tapeline_data::{Dataset, Images, Normalisation};
//! use tapeline_layers::{NamedLoss, layers, losses};
//! use tapeline_models::{Data, Model, Recipe, Trainer, evaluate, fit, presets};
//! use tapeline_optim::{Optimizer, Schedule, Stepper, optimizers, schedules};
//! use std::ops::ControlFlow;
//!
//! // Bright images are of class 1, dark ones of class 0.
//! let pixels = (0..64u8).flat_map(|i| [if i % 2 == 0 { 20 } else { 200 }; 4]).collect();
//! let labels: Vec<u8> = (0..64).map(|i| i % 2).collect();
//! let data = Dataset::new(Images::new(pixels, [64, 1, 2, 2]), labels, ["dark", "bright"].map(String::from))?;
//!
//! let model = Model::build("flatten linear(2)", &data.shape(), &layers(), &presets())?;
//! let loss = NamedLoss::read("cross_entropy", &losses())?;
//! let optimizer = Optimizer::read("sgd(lr=0.5)", &optimizers())?;
//! let schedule = Schedule::read("constant", &schedules())?.scheduler(80);
//! let recipe = Recipe {
//!     patience: None,
//!     epochs: 10,
//!     batch_size: 8,
//!     seed: 0,
//!     normalisation: Normalisation::default(),
//!     augment: None,
//!     schedule: &schedule,
//! };
//!
//! let params = model.init(0);
//! let stepper = optimizer.init(&params);
//! let mut trainer = Trainer::new(&model, &*loss.loss, params, stepper, recipe.seed);
//! fit(&mut trainer, &recipe, &Data { train: &data, test: &data, val: None }, &mut |_| ControlFlow::Continue(())).unwrap();
//! assert_eq!(evaluate(&model, &trainer.params, &*loss.loss, &data, recipe.normalisation)?.accuracy, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod checkpoint;
pub mod error;
pub mod evaluate;
pub mod file;
pub mod fit;
pub mod gradients;
mod header;
pub mod history;
pub mod memory;
pub mod metrics;
pub mod mistakes;
pub mod model;
pub mod onnx;
pub mod page;
pub mod partial;
pub mod presets;
pub mod progress;
pub mod torch;
pub mod train;
pub mod weights;

/// The arrays in signatures of this crate.
pub use ndarray;

pub use error::{Diverged, During, NotFinite, Subject};
pub use evaluate::{Evaluation, evaluate, predict};
pub use file::{Labels, TrainedModel, load, load_weights, parse_shape, save, shape_text};
pub use fit::{Data, Ended, FitEvent, Recipe, fit};
pub use gradients::gradient_norms;
pub use history::History;
pub use memory::Memory;
pub use metrics::ClassMetrics;
pub use mistakes::{Mistake, mistakes};
pub use model::Model;
pub use presets::{CLASSES, presets};
pub use progress::{Epoch, Progress, Running};
pub use train::{Step, Trainer};
pub use weights::FileError;
