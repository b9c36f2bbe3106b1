//! Normalization of `x`, `[rows, channels]`: each channel by numbers of its own.
//!
//! The lanes of a vector are channels. The rows are divided into pieces that fit the first-level
//! cache, so that mean and variance take one pass over memory. The size of a piece depends on the
//! shape alone. Sums over a piece are in the scalar type; those of the pieces are added in order, in
//! `f64`.

mod batch;
mod groups;
mod passes;

pub use batch::moments;
pub use groups::Groups;

/// Elements of a piece.
const PIECE: usize = 1 << 13;

/// Size of a piece, which is made of whole rows.
fn piece(row: usize) -> usize {
    (PIECE / row).max(1) * row
}

/// How channels are normalized; one number a channel each.
pub struct Channels<T> {
    /// The mean.
    pub mean: Vec<T>,
    /// `1 / √(var + eps)`.
    pub rstd: Vec<T>,
    /// `rstd` times the weight.
    pub scale: Vec<T>,
    pub bias: Vec<T>,
    /// Whether mean and variance are those of the normalized values, so that gradients flow through
    /// them.
    pub flows: bool,
    /// Whether `relu` is applied to the result.
    pub relu: bool,
}
