use tapeline_tensor::{Scalar, vectorized};

use super::flush;
use crate::{Piece, Transform};

/// Replaces the gradient by the sign of a running mean: *g' = sign(β₁·m + (1 − β₁)·g)*, then *m =
/// β₂·m + (1 − β₂)·g*. The sign of 0 is 0.
///
/// Source: Chen et al. 2023, [*Symbolic discovery of optimization
/// algorithms*](https://arxiv.org/abs/2302.06675), algorithm 2.
#[derive(Clone, Copy, Debug)]
pub struct ScaleByLion {
    /// *β₁* and *β₂*, at least 0 and below 1.
    pub betas: [f64; 2],
}

impl<T: Scalar> Transform<T> for ScaleByLion {
    fn moments(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let [m] = piece.moments();
        let [sign_keep, m_keep] = self.betas.map(T::of);
        let [sign_fresh, m_fresh] = self.betas.map(|beta| T::of(1.0 - beta));
        let pairs = piece.gradient.iter_mut().zip(m);
        vectorized(
            #[inline(always)]
            || {
                pairs.for_each(|(g, m)| {
                    let mixed = sign_keep * *m + sign_fresh * *g;
                    *m = flush(m_keep * *m + m_fresh * *g);
                    *g = sign(mixed);
                });
            },
        );
    }
}

/// Returns 1, −1, or `x` itself if it is 0 or NaN.
#[inline]
fn sign<T: Scalar>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x
    }
}
