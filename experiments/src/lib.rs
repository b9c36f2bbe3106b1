//! Training runs in folders, comparisons of runs, and reports.
//!
//! A comparison of two networks, each trained with two seeds, and the verdict on their difference:
//!
//! ```
//! use tapeline_experiments::{
//!     Context, Interrupt, Session,
//!     run::dataset::DataChoice,
//!     session::Limits,
//!     settings::{SETTINGS, alternatives::Given},
//!     study::{Study, queue::Crew, text::text},
//! };
//!
//! let setting = |name: &str, text: &str| Given {
//!     setting: SETTINGS.into_iter().find(|setting| setting.name == name).unwrap(),
//!     text: text.into(),
//! };
//! let settings = [setting("epochs", "1"), setting("limit", "200")];
//! let study = Study::compare(&["flatten linear(10)", "flatten linear(8) relu linear(10)"], &settings, 2, None)?;
//!
//! let folder = std::env::temp_dir().join(format!("tapeline-compare-{}", std::process::id()));
//! let (data, cx) = (DataChoice::default().choose([])?, Context::default());
//! let session = Session::new(study, data, &folder, Limits { jobs: 1, ..Limits::default() }, &cx)?;
//! session.train(Crew { jobs: 1, threads: 1 }, &Interrupt::new(), &())?;
//! let results = session.results()?;
//! assert_eq!(results[0].rows.len(), 2);
//! assert!(text(&results[0]).contains("best"));
//! # drop(results);
//! # drop(session);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), tapeline_experiments::Error>(())
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`train()`] | the shortest way from one line of text to a trained model |
//! | [`settings`] | the settings of a training run, as values and as text |
//! | [`run`] | a run: from settings to a folder with metrics, model and checkpoint |
//! | [`memory`] | whether runs fit into memory |
//! | [`study`] | comparisons of runs: configurations, results, statistics, verdicts |
//! | [`session`] | a study in its folder: trains what is missing, writes the results |
//! | `page`, `outputs` | a study with its results as one HTML file, and its other files |
//! | [`evaluation`] | the results of evaluating a model, as text and JSON |
//! | [`mistakes`] | the images that a model gets wrong, as an HTML page |
//! | [`report`] | studies defined in a TOML file; as Markdown |
//! | [`sheet`] | contact sheets of datasets, and their class counts |
//! | [`context`] | the registries of names, and the receiver of messages |
//! | [`error`], [`interrupt`] | the error of all functions; a request to stop |
//! | [`escape`], [`shell`], [`stored_path`], [`table`] | text from outside, commands, paths, tables |

pub mod context;
pub mod error;
pub mod escape;
pub mod evaluation;
pub mod interrupt;
pub mod memory;
pub mod mistakes;
mod outputs;
mod page;
pub mod report;
pub mod run;
pub mod session;
pub mod settings;
pub mod sheet;
pub mod shell;
pub mod stored_path;
pub mod study;
pub mod table;
mod train;

pub use context::{Context, Messages, Registries};
pub use error::Error;
pub use interrupt::Interrupt;
pub use session::Session;
pub use settings::Settings;
pub use train::{Train, TrainedRun, train};
