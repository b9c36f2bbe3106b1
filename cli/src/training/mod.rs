//! One training, from its options to its run folder.
//!
//! [`options`] are given, and become [`settings`]; those, read, and data make a [`job`]; a job fills a run folder.
//!
//! | module | what it holds |
//! |---|---|
//! | [`options`] | the options that `train` and `compare` share |
//! | [`choices`] | numbers that may have alternatives: `{1, 2}` |
//! | [`settings`] | what one training depends on, as texts and numbers |
//! | [`job`] | a training, ready to run |
//! | [`memory`], [`cgroup`] | whether it fits into memory |
//! | [`config`] | `config.toml`: the same, resolved |
//! | [`limits`] | the ranges of its numbers |
//! | [`origin`] | where its settings are from, for errors in them |
//! | [`every`] | how often a checkpoint is written |
//! | [`run`], [`files`] | a run folder and what is in it |
//! | [`recorder`], [`ending`] | what is kept of a training, and how it ends |
//! | [`resume`](mod@resume) | from a run folder back to its job |
//! | [`outcome`] | `result.json`: what a finished training came to |
//! | [`events`], [`progress`], [`lines`], [`profile`] | what `train` shows of it |
//! | [`tensorboard`] | the figures of each epoch for TensorBoard |
//! | [`signals`] | Ctrl-C, SIGTERM and SIGHUP |

pub mod cgroup;
pub mod choices;
pub mod config;
pub mod ending;
pub mod events;
pub mod every;
pub mod files;
pub mod job;
pub mod limits;
pub mod lines;
pub mod memory;
pub mod options;
pub mod origin;
pub mod outcome;
pub mod profile;
pub mod progress;
pub mod recorder;
pub mod resume;
pub mod run;
pub mod settings;
pub mod signals;
pub mod tensorboard;
