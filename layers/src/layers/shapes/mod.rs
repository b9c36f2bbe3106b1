//! Layers that reshape, pad, or enlarge samples.

pub mod flatten;
mod padding;
pub mod reshape;
pub mod upsample2d;
pub mod zero_pad2d;

/// Returns whether the channels-last order of a sample's values is the same as row-major order. If
/// so, flattening the output of a convolution needs no copy.
pub(crate) fn has_one_order(shape: &[usize]) -> bool {
    match shape {
        [channels, h, w] => *channels == 1 || h * w == 1,
        _ => true,
    }
}

pub(crate) use padding::{pad, table};
