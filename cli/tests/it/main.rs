//! Tests of the program as its users see it: it is run on tiny data, and its output and files are
//! checked.

mod balanced;
mod check;
mod classes;
mod common;
mod compare;
mod edited;
mod export;
mod files;
mod folds;
mod known;
mod lists;
mod output;
mod outside;
mod own_names;
mod page;
mod patience;
mod predict;
mod readme;
mod resume;
#[cfg(target_os = "linux")]
mod signals;
mod specs;
mod tensorboard;
mod train;
mod tuning;
mod usage;
