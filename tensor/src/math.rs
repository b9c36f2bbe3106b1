//! `exp` and functions that follow from it, for loops over many elements.
//!
//! For `f32` they consist of arithmetic and selections alone, without branches or tables, so the
//! compiler turns a loop over them into vector instructions, in [`vectorized`](crate::vectorized)
//! and in the maps of [`Var`](crate::Var). Each operation is rounded the same way at any width of
//! vectors. `f64` uses the standard library.
//!
//! Functions and closures that call them need `#[inline(always)]`: where one is compiled on its own,
//! it is compiled without fused multiply-adds, which are then emulated, twenty times slower.
//!
//! Polynomials are minimax fits of the relative error, by the algorithm of Remez.

use std::f32::consts::{LN_2, LOG2_E};

use crate::Scalar;

/// `eˣ`. For `f32`, the error is at most 1 unit in the last place.
#[inline(always)]
pub fn exp<T: Scalar>(x: T) -> T {
    T::math_exp(x)
}

/// `eˣ − 1`, accurate near 0. For `f32`, the error is at most 2 units in the last place.
#[inline(always)]
pub fn exp_m1<T: Scalar>(x: T) -> T {
    T::math_exp_m1(x)
}

/// The hyperbolic tangent. For `f32`, the error is at most 1 unit in the last place.
#[inline(always)]
pub fn tanh<T: Scalar>(x: T) -> T {
    T::math_tanh(x)
}

/// `1 / (1 + e⁻ˣ)`, without overflow. For `f32`, the error is at most 2 units in the last place.
/// (`torch.sigmoid`)
#[inline(always)]
pub fn sigmoid<T: Scalar>(x: T) -> T {
    let (one, e) = (T::one(), exp(-x.abs()));
    let part = if x < T::zero() { e } else { one };
    part / (one + e)
}

/// `ln(1 + eˣ)`, without overflow. For `f32`, the error is at most 2 units in the last place.
#[inline(always)]
pub fn softplus<T: Scalar>(x: T) -> T {
    let above = if x < T::zero() { T::zero() } else { x };
    above + T::math_ln_1p(exp(-x.abs()))
}

/// The distribution function and the density of the standard normal distribution. For `f32`, the
/// absolute error is at most 2⁻²².
#[inline(always)]
pub fn normal<T: Scalar>(x: T) -> [T; 2] {
    T::math_normal(x)
}

/// The functions for one type.
pub trait Math: Sized {
    /// `eˣ`.
    fn math_exp(self) -> Self;

    /// `eˣ − 1`.
    fn math_exp_m1(self) -> Self;

    /// The hyperbolic tangent.
    fn math_tanh(self) -> Self;

    /// `ln(1 + x)` for `x` from 0 to 1.
    fn math_ln_1p(self) -> Self;

    /// The distribution function and the density of the standard normal distribution.
    fn math_normal(self) -> [Self; 2];
}

impl Math for f32 {
    #[inline(always)]
    fn math_exp(self) -> f32 {
        // Beyond these, the result is infinite or 0. NaN passes all comparisons unchanged.
        let x = if self > 89.0 { 89.0 } else { self };
        let x = if x < -104.0 { -104.0 } else { x };
        // x = n ln 2 + r. Adding 1.5 · 2²³ rounds to an integer, which is then in the last bits.
        const ROUND: f32 = 12_582_912.0;
        const LN_2_REST: f32 = -1.904_654_3e-9;
        let shifted = x.mul_add(LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = n.mul_add(-LN_2_REST, n.mul_add(-LN_2, x));
        // (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2.
        let p = polynomial(
            r,
            [
                0.499_999_94,
                0.166_665_21,
                0.041_668_39,
                0.008_368_717,
                0.001_381_459_9,
            ],
        );
        let e = (r * r).mul_add(p, r) + 1.0;
        // 2ⁿ in two factors, because n may be outside the range of exponents.
        let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        let half = n >> 1;
        e * power_of_two(half) * power_of_two(n.wrapping_sub(half))
    }

    #[inline(always)]
    fn math_exp_m1(self) -> f32 {
        // (eˣ − 1 − x) / x² for |x| ≤ ½.
        let p = polynomial(
            self,
            [
                0.500_000_06,
                0.166_666_69,
                0.041_665_316,
                0.008_333_072,
                0.001_399_744_7,
                0.000_199_931_83,
            ],
        );
        let near = (self * self).mul_add(p, self);
        let far = self.math_exp() - 1.0;
        if self.abs() < 0.5 { near } else { far }
    }

    #[inline(always)]
    fn math_tanh(self) -> f32 {
        let (size, square) = (self.abs(), self * self);
        // (tanh x / x − 1) / x² as a polynomial in x², for |x| ≤ ⅝.
        let p = polynomial(
            square,
            [
                -0.333_332_84,
                0.133_314_92,
                -0.053_743_515,
                0.020_650_635,
                -0.005_717_091,
            ],
        );
        let near = (self * square).mul_add(p, self);
        let far = 1.0 - 2.0 / ((size + size).math_exp() + 1.0);
        if size < 0.625 {
            near
        } else {
            far.copysign(self)
        }
    }

    #[inline(always)]
    fn math_ln_1p(self) -> f32 {
        // ln(1 + x) = 2 artanh(s), with s = x / (2 + x); (2 artanh(s) / s − 2) / s² in s².
        let below = 2.0 + self;
        let share = 1.0 / below;
        let s = self * share;
        // What s lacks, from the rounding of the sum and of the quotient.
        let rest = ((-s).mul_add(below, self) - s * (self - (below - 2.0))) * share;
        let square = s * s;
        let p = polynomial(
            square,
            [
                0.666_666_75,
                0.399_988_77,
                0.286_168_87,
                0.214_276_03,
                0.243_012_37,
            ],
        );
        (s * square).mul_add(p, rest + rest) + (s + s)
    }

    #[inline(always)]
    fn math_normal(self) -> [f32; 2] {
        const DENSITY: f32 = 0.398_942_3;
        let size = if self.abs() > 15.0 { 15.0 } else { self.abs() };
        let e = (-0.5 * size * size).math_exp();
        // The share beyond |x| is e^(−x²/2) t p(t), with t = 1 / (1 + |x| / 4).
        let t = 4.0 / (4.0 + size);
        let p = polynomial(t, TAIL);
        let beyond = e * t * p;
        let share = if self < 0.0 { beyond } else { 1.0 - beyond };
        [share, e * DENSITY]
    }
}

/// Coefficients of the tail of the normal distribution.
const TAIL: [f32; 10] = [
    0.099_744_99,
    0.099_546_336,
    0.095_089_65,
    0.073_902_45,
    0.081_368_11,
    0.022_211_948,
    0.017_386_036,
    0.059_692_18,
    -0.066_118_83,
    0.017_177_12,
];

impl Math for f64 {
    #[inline]
    fn math_exp(self) -> f64 {
        self.exp()
    }

    #[inline]
    fn math_exp_m1(self) -> f64 {
        self.exp_m1()
    }

    #[inline]
    fn math_tanh(self) -> f64 {
        self.tanh()
    }

    #[inline]
    fn math_ln_1p(self) -> f64 {
        self.ln_1p()
    }

    #[inline]
    fn math_normal(self) -> [f64; 2] {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        let density = (-0.5 * self * self).exp() / (2.0 * PI).sqrt();
        [0.5 * libm::erfc(-self * FRAC_1_SQRT_2), density]
    }
}

/// Computes `Σ cᵢ xⁱ` by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = 0.0f32;
    for c in coefficients.into_iter().rev() {
        sum = sum.mul_add(x, c);
    }
    sum
}

/// Computes `2ⁿ` for `n` in the range of exponents.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Distance in units in the last place; NaN only equals NaN.
    fn ulps(found: f32, wanted: f64) -> u64 {
        let wanted = wanted as f32;
        if found.is_nan() || wanted.is_nan() {
            return if found.is_nan() == wanted.is_nan() {
                0
            } else {
                u64::MAX
            };
        }
        let place = |x: f32| {
            let bits = i64::from(x.to_bits() & 0x7fff_ffff);
            if x.is_sign_negative() { -bits } else { bits }
        };
        place(found).abs_diff(place(wanted))
    }

    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            4 => -20.0..20.0f32,
            2 => -1.0..1.0f32,
            1 => -110.0..110.0f32,
            1 => any::<f32>(),
            1 => prop::sample::select(&[0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-45, -1e-45][..]),
        ]
    }

    /// The stated errors hold for all `f32`. It takes ten minutes:
    /// `cargo test --release -p tapeline-tensor --lib math -- --ignored`.
    #[test]
    #[ignore = "takes minutes"]
    fn errors_over_all_numbers() {
        type Pair = (&'static str, fn(f32) -> f32, fn(f64) -> f64, u64);
        let functions: [Pair; 5] = [
            ("exp", exp, f64::exp, 1),
            ("exp_m1", exp_m1, f64::exp_m1, 2),
            ("tanh", tanh, f64::tanh, 1),
            ("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2),
            (
                "softplus",
                softplus,
                |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
                2,
            ),
        ];
        for (name, ours, wanted, most) in functions {
            let mut worst = (0, 0.0);
            for x in (0..=u32::MAX).map(f32::from_bits).filter(|x| !x.is_nan()) {
                let error = ulps(ours(x), wanted(f64::from(x)));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            assert!(worst.0 <= most, "{name}: {} at {:e}", worst.0, worst.1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn functions_are_those_of_the_standard_library(x in number()) {
            let wide = f64::from(x);
            prop_assert!(ulps(exp(x), wide.exp()) <= 1, "exp {x}: {}", exp(x));
            prop_assert!(ulps(exp_m1(x), wide.exp_m1()) <= 2, "exp_m1 {x}: {}", exp_m1(x));
            prop_assert!(ulps(tanh(x), wide.tanh()) <= 1, "tanh {x}: {}", tanh(x));
            let logistic = 1.0 / (1.0 + (-wide).exp());
            prop_assert!(ulps(sigmoid(x), logistic) <= 2, "sigmoid {x}: {}", sigmoid(x));
            let softened = wide.max(0.0) + (-wide.abs()).exp().ln_1p();
            let softened = if x.is_nan() { f64::NAN } else { softened };
            prop_assert!(ulps(softplus(x), softened) <= 2, "softplus {x}: {}", softplus(x));
        }

        #[test]
        fn the_normal_distribution_is_that_of_libm(x in number()) {
            let ([share, density], [wanted, wanted_density]) = (normal(x), normal(f64::from(x)));
            if x.is_nan() {
                prop_assert!(share.is_nan() && density.is_nan());
                return Ok(());
            }
            let error = (f64::from(share) - wanted).abs();
            prop_assert!(error <= 2f64.powi(-22) && error <= 2e-5 * wanted + 1e-38, "{x}: {share} {wanted}");
            let error = (f64::from(density) - wanted_density).abs();
            prop_assert!(error <= 2f64.powi(-24) && error <= 2e-5 * wanted_density + 1e-38, "{x}");
        }
    }
}
