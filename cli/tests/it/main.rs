//! The program as its users see it: run on tiny data, with what it prints and leaves behind.

mod check;
mod common;
mod compare;
mod edited;
mod export;
mod files;
mod known;
mod lists;
mod output;
mod outside;
mod page;
mod predict;
mod readme;
mod resume;
mod tensorboard;
mod train;
mod usage;
