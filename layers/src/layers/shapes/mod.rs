//! The same values, or copies of them, in another shape.

pub mod flatten;
mod padding;
pub mod reshape;
pub mod upsample2d;
pub mod zero_pad2d;

/// Whether channels last and row-major are the same order of values for a sample: of convolutions' outputs, those are not copied to
/// become rows.
pub(crate) fn has_one_order(shape: &[usize]) -> bool {
    match shape {
        [channels, h, w] => *channels == 1 || h * w == 1,
        _ => true,
    }
}

pub(crate) use padding::{pad, table};
