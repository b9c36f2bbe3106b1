use tapeline_tensor::{Scalar, vectorized};

use super::{denominator, flush};
use crate::{Piece, Transform};

/// Divides by the root of the sum of all squares so far.
///
/// *s = s + g²*, with a given initial *s*; *g = g / (√s + ε) / (1 + (t − 1)·η)*.
///
/// Sources: Duchi, Hazan, Singer 2011, *Adaptive subgradient methods for online learning and
/// stochastic optimization*; [PyTorch's
/// `Adagrad`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html), from which
/// the name of the moment is taken.
#[derive(Clone, Copy, Debug)]
pub struct ScaleByAdagrad {
    /// *η*, the decay of the step size, at least 0.
    pub lr_decay: f64,
    /// *s* before the first step, at least 0.
    pub initial_accumulator_value: f64,
    /// *ε*, above 0; outside the root.
    pub eps: f64,
}

impl<T: Scalar> Transform<T> for ScaleByAdagrad {
    fn moments(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let [sum] = piece.moments();
        let initial = match piece.step {
            1 => T::of(self.initial_accumulator_value),
            _ => T::zero(),
        };
        let shorter = T::of(1.0 / (1.0 + (piece.step as f64 - 1.0) * self.lr_decay));
        let eps = denominator(self.eps);
        let pairs = piece.gradient.iter_mut().zip(sum);
        vectorized(
            #[inline(always)]
            || {
                pairs.for_each(|(g, s)| {
                    *s = flush(*s + initial + *g * *g);
                    *g = shorter * *g / (s.sqrt() + eps);
                });
            },
        );
    }
}
