//! Optimizers as chains of small gradient transforms, and learning-rate schedules
