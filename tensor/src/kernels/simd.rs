//! SIMD vectors: a kernel is written once for any width, and the widest that the processor has is
//! selected at run time.
//!
//! Each element of a result is one chain of fused multiply-adds in a fixed order, whatever the
//! width: every processor produces bit-identical results (slowly on one without fused
//! multiply-adds).

#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;
use pulp::{Arch, Scalar, Simd, WithSimd};

use super::transpose;
use crate::buffer::BufferElement;

/// A scalar type with SIMD vectors.
pub trait Lanes: Copy + Send + Sync + 'static {
    /// Whether training runs in this type, so that its kernels are compiled for all tile sizes and
    /// all vector widths. The other type, which checks gradients, uses few of them: these copies
    /// dominate the compile time of this crate.
    const TUNED: bool;

    /// A vector of scalars.
    type Vector<S: Simd>: Copy;

    /// An integer of the same size.
    type Index: BufferElement;

    /// A vector of such integers.
    type Indices<S: Simd>: Copy;

    /// Returns whether it is neither 0 nor −0; faster than a comparison, which has to handle NaN.
    fn is_not_zero(self) -> bool;

    /// Returns a vector with the same scalar in each lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;

    /// Computes `a · b + c`, rounded once.
    fn fma<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// Computes `a + b`.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// Computes `a − b`.
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// Returns the whole vectors of a slice, without the remainder at its end.
    fn vectors<S: Simd>(x: &[Self]) -> &[Self::Vector<S>];

    /// The same, mutable.
    fn vectors_mut<S: Simd>(x: &mut [Self]) -> &mut [Self::Vector<S>];

    /// Loads a vector from the start of a slice, padded with zeros.
    fn load<S: Simd>(simd: S, x: &[Self]) -> Self::Vector<S>;

    /// Stores a vector at the start of a slice, as much of it as fits.
    fn store<S: Simd>(simd: S, x: &mut [Self], vector: Self::Vector<S>);

    /// Returns a vector with the same index in each lane.
    fn splat_index<S: Simd>(simd: S, index: usize) -> Self::Indices<S>;

    /// Stores indices at the start of a slice, as many as fit.
    fn store_indices<S: Simd>(simd: S, x: &mut [Self::Index], indices: Self::Indices<S>);

    /// Converts an index to `usize`.
    fn index(index: Self::Index) -> usize;

    /// Converts an index from `usize`.
    fn to_index(index: usize) -> Self::Index;

    /// Returns `x` where `by` is above zero or NaN, otherwise zero: the gradient of `relu`, and,
    /// with `by` equal to `x`, `relu` itself.
    fn cut<S: Simd>(simd: S, x: Self::Vector<S>, by: Self::Vector<S>) -> Self::Vector<S>;

    /// Returns the larger of two, each with its index: the first if they are equal or it is NaN,
    /// the second if only that is NaN.
    fn larger<S: Simd>(
        simd: S,
        first: (Self::Vector<S>, Self::Indices<S>),
        second: (Self::Vector<S>, Self::Indices<S>),
    ) -> (Self::Vector<S>, Self::Indices<S>);

    /// Transposes `count` adjacent blocks of 8 × 8 in registers; both slices come with the distance
    /// between their rows. Returns how many it transposed: all, or none if it can't.
    fn transpose_blocks(x: (&[Self], usize), count: usize, out: (&mut [Self], usize)) -> usize;
}

macro_rules! lanes {
    (
        $float:ident, $tuned:literal: $vector:ident, $splat:ident, $mul_add:ident, $add:ident, $sub:ident, $as:ident, $as_mut:ident, $load:ident, $store:ident;
        $index:ident: $indices:ident, $splat_index:ident, $as_mut_indices:ident, $store_indices:ident;
        $at_most:ident, $equal:ident, $not:ident, $or:ident, $select:ident, $select_index:ident;
        $transpose:expr
    ) => {
        impl Lanes for $float {
            const TUNED: bool = $tuned;
            type Vector<S: Simd> = S::$vector;
            type Index = $index;
            type Indices<S: Simd> = S::$indices;

            #[inline(always)]
            fn is_not_zero(self) -> bool {
                self.to_bits() << 1 != 0
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn vectors<S: Simd>(x: &[Self]) -> &[S::$vector] {
                S::$as(x).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(x: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut(x).0
            }

            #[inline(always)]
            fn load<S: Simd>(simd: S, x: &[Self]) -> S::$vector {
                match S::$as(x).0 {
                    [first, ..] => *first,
                    [] => simd.$load(x),
                }
            }

            #[inline(always)]
            fn store<S: Simd>(simd: S, x: &mut [Self], vector: S::$vector) {
                match x.len() < width::<Self, S>() {
                    true => simd.$store(x, vector),
                    false => S::$as_mut(x).0[0] = vector,
                }
            }

            #[inline(always)]
            fn splat_index<S: Simd>(simd: S, index: usize) -> S::$indices {
                simd.$splat_index(index as $index)
            }

            #[inline(always)]
            fn store_indices<S: Simd>(simd: S, x: &mut [$index], indices: S::$indices) {
                match x.len() < width::<Self, S>() {
                    true => simd.$store_indices(x, indices),
                    false => S::$as_mut_indices(x).0[0] = indices,
                }
            }

            #[inline(always)]
            fn index(index: $index) -> usize {
                index as usize
            }

            #[inline(always)]
            fn to_index(index: usize) -> $index {
                index as $index
            }

            #[inline(always)]
            fn cut<S: Simd>(simd: S, x: S::$vector, by: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$at_most(by, zero), zero, x)
            }

            #[inline(always)]
            fn larger<S: Simd>(
                simd: S,
                first: (S::$vector, S::$indices),
                second: (S::$vector, S::$indices),
            ) -> (S::$vector, S::$indices) {
                let keep = simd.$or(
                    simd.$at_most(second.0, first.0),
                    simd.$not(simd.$equal(first.0, first.0)),
                );
                (
                    simd.$select(keep, first.0, second.0),
                    simd.$select_index(keep, first.1, second.1),
                )
            }

            fn transpose_blocks(
                x: (&[Self], usize),
                count: usize,
                out: (&mut [Self], usize),
            ) -> usize {
                $transpose(x, count, out)
            }
        }
    };
}

lanes!(
    f32, true: f32s, splat_f32s, mul_add_f32s, add_f32s, sub_f32s, as_simd_f32s, as_mut_simd_f32s, partial_load_f32s, partial_store_f32s;
    u32: u32s, splat_u32s, as_mut_simd_u32s, partial_store_u32s;
    less_than_or_equal_f32s, equal_f32s, not_m32s, or_m32s, select_f32s, select_u32s;
    transpose::blocks
);
lanes!(
    f64, false: f64s, splat_f64s, mul_add_f64s, add_f64s, sub_f64s, as_simd_f64s, as_mut_simd_f64s, partial_load_f64s, partial_store_f64s;
    u64: u64s, splat_u64s, as_mut_simd_u64s, partial_store_u64s;
    less_than_or_equal_f64s, equal_f64s, not_m64s, or_m64s, select_f64s, select_u64s;
    |_, _, _| 0
);

/// Number of lanes of a vector.
#[inline(always)]
pub const fn width<T: Lanes, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

/// Returns whether a kernel is compiled for all tile sizes.
pub const fn is_tuned<T: Lanes, S: Simd>() -> bool {
    T::TUNED && width::<T, S>() > 1
}

/// Runs a kernel with the widest vectors that the processor has.
#[inline]
pub fn run<W: WithSimd>(kernel: W) -> W::Output {
    #[cfg(test)]
    if let Some(width) = forced::WIDTH.get() {
        return width.run(kernel);
    }
    Arch::new().dispatch(kernel)
}

/// Runs a kernel over scalars of type `T`: as [`run`] if that is tuned, otherwise with vectors of
/// one width.
#[inline]
pub fn run_for<T: Lanes, W: WithSimd>(kernel: W) -> W::Output {
    #[cfg(test)]
    if let Some(width) = forced::WIDTH.get() {
        return width.run(kernel);
    }
    #[cfg(target_arch = "x86_64")]
    if const { !T::TUNED } {
        return match V3::try_new() {
            Some(simd) => Simd::vectorize(simd, kernel),
            None => Scalar::new().vectorize(kernel),
        };
    }
    run(kernel)
}

/// Runs a loop compiled for the widest vectors that the processor has; the rest of a program is
/// compiled for what all processors have. It pays from a few hundred elements on, and no result
/// depends on it.
///
/// ```
/// let (x, mut y) = ([2.0f32; 1000], [1.0f32; 1000]);
/// tapeline_tensor::vectorized(|| {
///     for (y, x) in y.iter_mut().zip(&x) {
///         *y += 3.0 * x;
///     }
/// });
/// assert_eq!(y, [7.0; 1000]);
/// ```
#[inline]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    run(f)
}

/// Lets a test select the path of another processor.
#[cfg(test)]
pub mod forced {
    use std::cell::Cell;

    use pulp::{Arch, Scalar, Simd, WithSimd};

    thread_local! {
        pub(super) static WIDTH: Cell<Option<Width>> = const { Cell::new(None) };
    }

    /// A width of vectors, up to that of the processor.
    #[derive(Clone, Copy, Debug)]
    pub enum Width {
        /// One scalar at a time.
        One,
        /// Vectors of AVX2: on a processor with AVX-512, not the widest.
        Avx2,
    }

    impl Width {
        /// All that can be forced.
        pub const ALL: [Width; 2] = [Width::One, Width::Avx2];

        pub(super) fn run<W: WithSimd>(self, kernel: W) -> W::Output {
            if let Width::One = self {
                return Scalar::new().vectorize(kernel);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = super::V3::try_new() {
                return Simd::vectorize(simd, kernel);
            }
            Arch::new().dispatch(kernel)
        }

        /// Runs `f` with kernels of this width, on this thread only.
        pub fn force<R>(self, f: impl FnOnce() -> R) -> R {
            WIDTH.set(Some(self));
            let result = f();
            WIDTH.set(None);
            result
        }
    }
}
