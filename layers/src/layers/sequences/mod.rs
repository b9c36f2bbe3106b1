//! Layers of sequences, `[tokens, features]`.

pub mod attention;
