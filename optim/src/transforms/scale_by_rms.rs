use tapeline_tensor::{Scalar, vectorized};

use super::{denominator, flush};
use crate::{Piece, Transform};

/// Divides by the root of a running mean of squares.
///
/// *s = α·s + (1 − α)·g²*, *g = g / (√s + ε)*; centered, with *m = α·m + (1 − α)·g*, *g = g /
/// (√max(0, s − m²) + ε)*.
///
/// Sources: Tieleman, Hinton 2012, *Lecture 6.5: RMSProp*; centered: Graves 2013, [*Generating
/// sequences with recurrent neural networks*](https://arxiv.org/abs/1308.0850); [PyTorch's
/// `RMSprop`](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html), from which
/// the names of the moments are taken.
#[derive(Clone, Copy, Debug)]
pub struct ScaleByRms {
    /// *α*, at least 0 and below 1.
    pub alpha: f64,
    /// *ε*, above 0; outside the root.
    pub eps: f64,
    /// Whether to subtract the squared mean, so that the root is that of the variance.
    pub centered: bool,
}

impl<T: Scalar> Transform<T> for ScaleByRms {
    fn moments(&self) -> &'static [&'static str] {
        match self.centered {
            true => &["square_avg", "grad_avg"],
            false => &["square_avg"],
        }
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let (keep, fresh) = (T::of(self.alpha), T::of(1.0 - self.alpha));
        let eps = denominator(self.eps);
        if self.centered {
            let [s, m] = piece.moments();
            let triples = piece.gradient.iter_mut().zip(s).zip(m);
            vectorized(
                #[inline(always)]
                || {
                    triples.for_each(|((g, s), m)| {
                        *s = flush(keep * *s + fresh * *g * *g);
                        *m = flush(keep * *m + fresh * *g);
                        // Rounding can make it negative.
                        let variance = (*s - *m * *m).max(T::zero());
                        *g /= variance.sqrt() + eps;
                    });
                },
            );
        } else {
            let [s] = piece.moments();
            let pairs = piece.gradient.iter_mut().zip(s);
            vectorized(
                #[inline(always)]
                || {
                    pairs.for_each(|(g, s)| {
                        *s = flush(keep * *s + fresh * *g * *g);
                        *g /= s.sqrt() + eps;
                    });
                },
            );
        }
    }
}
