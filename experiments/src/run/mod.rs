//! A training run, from its settings to its folder.
//!
//! | module | contents |
//! |---|---|
//! | [`dataset`] | the dataset: chosen by name or folder, or taken from a run |
//! | [`model`] | the model: a spec, or `@` and a path |
//! | [`spec_file`] | files of specs, and one of several specs in a file |
//! | [`job`] | a run that is ready to start |
//! | [`tuning`] | frozen parameters, learning rates of their own, weights in part |
//! | [`parts`] | the images that a run trains, tests and validates on |
//! | [`config`] | `config.toml`: the resolved settings |
//! | [`folder`], [`files`] | a run folder and its files |
//! | [`recorder`], [`ending`] | what is written during a run, and how a run ends |
//! | [`events`], [`curves`], [`tensorboard`] | the metrics: as JSON, as a chart, for TensorBoard |
//! | [`every`] | the interval between checkpoints |
//! | [`resume`](mod@resume) | recreates the job of a run folder |
//! | [`outcome`] | `result.json`: the outcome of a finished run |
//! | [`list`](mod@list) | the runs in a folder, with their figures |
//! | [`profile`] | the training time of each layer |

pub mod config;
pub mod curves;
pub mod dataset;
pub mod ending;
pub mod events;
pub mod every;
pub mod files;
pub mod folder;
pub mod job;
pub mod list;
pub mod model;
pub mod outcome;
pub mod parts;
pub mod profile;
pub mod recorder;
pub mod resume;
pub mod spec_file;
pub mod tensorboard;
pub mod tuning;
