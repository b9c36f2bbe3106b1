//! A single run, from its options to its run folder.
//!
//! The [`options`] are converted to [`settings`]. These are parsed and combined with a dataset into
//! a [`job`], which writes a run folder.
//!
//! | module | contents |
//! |---|---|
//! | [`options`] | the options that `train` and `compare` share |
//! | [`choices`] | numbers that may have alternatives: `{1, 2}` |
//! | [`settings`] | the settings of a run as text and numbers |
//! | [`job`] | a run that is ready to start |
//! | [`memory`], [`cgroup`] | whether it fits into memory |
//! | [`config`] | `config.toml`: the resolved settings |
//! | [`limits`] | valid ranges of the numbers |
//! | [`origin`] | where settings come from, for error messages |
//! | [`every`] | the interval between checkpoints |
//! | [`run`], [`files`] | a run folder and its files |
//! | [`recorder`], [`ending`] | what is written during a run, and how a run ends |
//! | [`resume`](mod@resume) | recreates the job of a run folder |
//! | [`outcome`] | `result.json`: the outcome of a finished run |
//! | [`events`], [`progress`], [`lines`], [`profile`] | the output of `train` |
//! | [`tensorboard`] | metrics for TensorBoard |
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
