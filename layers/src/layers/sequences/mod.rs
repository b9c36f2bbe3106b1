//! Sequences of tokens, `[tokens, features]`.

pub mod attention;
pub mod class_token;
pub mod first;
pub mod image;
pub mod last;
pub mod mean;
pub mod patches;
pub mod position;
pub mod rows;
pub mod sincos_position;
pub mod tokens;
pub mod transpose;
