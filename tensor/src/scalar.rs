//! The two scalar types.

use std::iter::Sum;

use ndarray::NdFloat;

use crate::{
    buffer::BufferElement,
    kernels::{Kernels, simd::Lanes},
    math::Math,
};

/// A scalar type: `f32` trains, `f64` checks. Sealed.
pub trait Scalar: Lanes + Kernels + Math + BufferElement + NdFloat + Sum {
    /// Its name in Rust.
    const NAME: &'static str;

    /// Converts to the nearest value of this type.
    fn of(value: f64) -> Self;

    /// Converts to `f64`; exact.
    fn widen(self) -> f64;
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";

    #[inline]
    fn of(value: f64) -> f32 {
        value as f32
    }

    #[inline]
    fn widen(self) -> f64 {
        self.into()
    }
}

impl Scalar for f64 {
    const NAME: &'static str = "f64";

    #[inline]
    fn of(value: f64) -> f64 {
        value
    }

    #[inline]
    fn widen(self) -> f64 {
        self
    }
}
