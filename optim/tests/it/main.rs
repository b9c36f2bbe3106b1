//! Optimizers and schedules from outside: the numbers of PyTorch, what holds for any, what is kept of them.

mod cases;
mod common;
mod not_finite;
mod properties;
mod pytorch;
mod registry;
mod schedules;
mod stepper;
