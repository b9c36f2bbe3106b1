use tapeline_tensor::{Scalar, vectorized};

use super::{denominator, flush};
use crate::{Piece, Transform};

/// Divides a running mean of gradients by the root of a running mean of their squares.
///
/// *m = β₁·m + (1 − β₁)·g*, *v = β₂·v + (1 − β₂)·g²*, *g = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)*.
///
/// Sources: Kingma, Ba 2015, [*Adam: a method for stochastic
/// optimization*](https://arxiv.org/abs/1412.6980), algorithm 1; [PyTorch's
/// `Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html), from which the
/// names of the moments are taken.
#[derive(Clone, Copy, Debug)]
pub struct ScaleByAdam {
    /// *β₁* and *β₂*, at least 0 and below 1.
    pub betas: [f64; 2],
    /// *ε*, above 0; outside the root.
    pub eps: f64,
}

impl<T: Scalar> Transform<T> for ScaleByAdam {
    fn moments(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let [m, v] = piece.moments();
        let [m_bias, v_bias] = self.betas.map(|beta| 1.0 - beta.powf(piece.step as f64));
        let (m_scale, v_scale) = (T::of(1.0 / m_bias), T::of(1.0 / v_bias.sqrt()));
        let [m_keep, v_keep] = self.betas.map(T::of);
        let [m_fresh, v_fresh] = self.betas.map(|beta| T::of(1.0 - beta));
        let eps = denominator(self.eps);
        let triples = piece.gradient.iter_mut().zip(m).zip(v);
        vectorized(
            #[inline(always)]
            || {
                triples.for_each(|((g, m), v)| {
                    *m = flush(m_keep * *m + m_fresh * *g);
                    *v = flush(v_keep * *v + v_fresh * *g * *g);
                    *g = m_scale * *m / (v_scale * v.sqrt() + eps);
                });
            },
        );
    }
}
