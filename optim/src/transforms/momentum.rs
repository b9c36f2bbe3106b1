use tapeline_tensor::{Scalar, vectorized};

use super::flush;
use crate::{Chain, Piece, Transform};

/// Accumulates a decaying sum of gradients.
///
/// *b = g* in the first step, later *b = μ·b + (1 − d)·g*; then *g = b*, or with Nesterov *g = g +
/// μ·b*. The learning rate is not part of *b*, so that changes to it take effect immediately.
///
/// Sources: [PyTorch's `SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html);
/// Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// *μ*, at least 0 and below 1.
    pub momentum: f64,
    /// *d*, 0 to 1.
    pub dampening: f64,
    /// Whether to use Nesterov momentum.
    pub nesterov: bool,
}

impl Momentum {
    /// Returns a chain of this transform, or an empty chain if the momentum is 0.
    pub(crate) fn chain(self) -> Chain {
        match self.momentum > 0.0 {
            true => Chain::new().then(self),
            false => Chain::new(),
        }
    }
}

impl<T: Scalar> Transform<T> for Momentum {
    fn moments(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let [b] = piece.moments();
        let (momentum, fresh) = (T::of(self.momentum), T::of(1.0 - self.dampening));
        if piece.step == 1 {
            b.copy_from_slice(piece.gradient);
        } else {
            let pairs = piece.gradient.iter_mut().zip(&mut *b);
            vectorized(
                #[inline(always)]
                || {
                    pairs.for_each(|(g, b)| {
                        *b = flush(momentum * *b + fresh * *g);
                        *g = if self.nesterov { *g } else { *b };
                    });
                },
            );
        }
        if self.nesterov {
            let pairs = piece.gradient.iter_mut().zip(&*b);
            vectorized(
                #[inline(always)]
                || pairs.for_each(|(g, &b)| *g += momentum * b),
            );
        }
    }
}
