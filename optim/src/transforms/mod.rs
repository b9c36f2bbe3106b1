//! The built-in transforms.
//!
//! In the formulas, *g* is the gradient before and after the transform, *p* the weight, and *t* the
//! number of the step, from 1. Scalars are computed in `f64` and rounded once; arrays are computed
//! in their own type.

mod add_decay;
mod clip_norm;
mod clip_value;
mod decay;
mod ema;
mod momentum;
mod only;
mod orthogonalize;
mod scale_by_adagrad;
mod scale_by_adam;
mod scale_by_lion;
mod scale_by_lr;
mod scale_by_rms;

use tapeline_tensor::{Scalar, vectorized};

pub use add_decay::AddDecay;
pub use clip_norm::ClipNorm;
pub use clip_value::ClipValue;
pub use decay::Decay;
pub use momentum::Momentum;
pub use only::Only;
pub use orthogonalize::{MatrixScale, Orthogonalize};
pub use scale_by_adagrad::ScaleByAdagrad;
pub use scale_by_adam::ScaleByAdam;
pub use scale_by_lion::ScaleByLion;
pub use scale_by_lr::ScaleByLr;
pub use scale_by_rms::ScaleByRms;

pub(crate) use add_decay::{DECAY_BIASES, DECOUPLED, L2};
pub(crate) use clip_norm::CLIP_NORM;
pub(crate) use clip_value::CLIP_VALUE;
pub(crate) use decay::DECAY;
pub(crate) use ema::{EMA, Ema};

/// Flushes subnormal numbers to zero. A moment without gradients decays into that range and stays
/// there, and processors are many times slower on subnormal numbers.
#[inline]
fn flush<T: Scalar>(x: T) -> T {
    if x.abs() < T::min_positive_value() {
        T::zero()
    } else {
        x
    }
}

/// Returns *ε* of a denominator. If it rounded to 0, a weight whose gradient is always 0 would
/// yield 0/0.
fn denominator<T: Scalar>(eps: f64) -> T {
    T::of(eps).max(T::min_positive_value())
}

/// Multiplies each element.
fn scale<T: Scalar>(piece: &mut [T], by: f64) {
    let by = T::of(by);
    vectorized(
        #[inline(always)]
        || piece.iter_mut().for_each(|g| *g *= by),
    );
}

/// Computes the sum of squares in `f64`. The order of summation depends on the length only.
#[inline(always)]
pub(crate) fn sum_of_squares<T: Scalar>(x: &[T]) -> f64 {
    let (rows, rest) = x.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for row in rows {
        for (lane, x) in lanes.iter_mut().zip(row) {
            *lane += x.widen() * x.widen();
        }
    }
    let rest = rest.iter().map(|x| x.widen() * x.widen());
    lanes.into_iter().chain(rest).sum()
}
