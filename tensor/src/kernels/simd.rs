//! Vectors of numbers: a kernel is written once, for any width, and the widest that the processor has is chosen when it runs.
//!
//! Each element of a result is one chain of fused multiply-adds in a fixed order, whatever the width: so every processor that has them
//! gives the same bits (one without gives them too, slowly).

use pulp::{Arch, Simd, WithSimd};

/// A type of number that comes in vectors.
pub trait Lanes: Copy + Send + Sync + 'static {
    /// A vector of them.
    type Vector<S: Simd>: Copy;

    /// The same number in each lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;

    /// `a · b + c`, rounded once.
    fn fma<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// A slice as whole vectors; what is left over at its end is not among them.
    fn vectors<S: Simd>(x: &[Self]) -> &[Self::Vector<S>];

    /// The same, to be written.
    fn vectors_mut<S: Simd>(x: &mut [Self]) -> &mut [Self::Vector<S>];

    /// A vector of the first numbers of a slice; zeros where it ends.
    fn load<S: Simd>(simd: S, x: &[Self]) -> Self::Vector<S>;

    /// Writes a vector to the front of a slice, as much as fits.
    fn store<S: Simd>(simd: S, x: &mut [Self], vector: Self::Vector<S>);
}

macro_rules! lanes {
    ($float:ident: $vector:ident, $splat:ident, $mul_add:ident, $as:ident, $as_mut:ident, $load:ident, $store:ident) => {
        impl Lanes for $float {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }

            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
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
        }
    };
}

lanes!(f32: f32s, splat_f32s, mul_add_f32s, as_simd_f32s, as_mut_simd_f32s, partial_load_f32s, partial_store_f32s);
lanes!(f64: f64s, splat_f64s, mul_add_f64s, as_simd_f64s, as_mut_simd_f64s, partial_load_f64s, partial_store_f64s);

/// Number of lanes of a vector.
#[inline(always)]
pub const fn width<T: Lanes, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

/// Runs a kernel at the widest vectors that there are.
#[inline]
pub fn run<W: WithSimd>(kernel: W) -> W::Output {
    Arch::new().dispatch(kernel)
}
