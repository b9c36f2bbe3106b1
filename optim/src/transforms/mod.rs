//! The transforms that are there.
//!
//! In the formulas *g* is the gradient as it comes in and goes out, *p* the weight, *t* the number of the step, from 1. Scalars are
//! computed in `f64` and rounded once; arrays are computed in their own type.

mod add_decay;
mod clip_norm;
mod momentum;
mod scale_by_adam;
mod scale_by_lr;

use tapeline_tensor::{Scalar, vectorized};

pub use add_decay::AddDecay;
pub use clip_norm::ClipNorm;
pub use momentum::Momentum;
pub use scale_by_adam::ScaleByAdam;
pub use scale_by_lr::ScaleByLr;

pub(crate) use clip_norm::CLIP_NORM;

/// Zero for a number too small for full precision. A moment without gradient shrinks into that range and stays there, where
/// processors are many times slower.
#[inline]
fn flush<T: Scalar>(x: T) -> T {
    if x.abs() < T::min_positive_value() {
        T::zero()
    } else {
        x
    }
}

/// Multiplies each element.
fn scale<T: Scalar>(piece: &mut [T], by: f64) {
    let by = T::of(by);
    vectorized(|| piece.iter_mut().for_each(|g| *g *= by));
}
