use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Role, Scalar, vectorized};

use crate::{Chain, Piece, Transform};

/// Adds a multiple of the weight: *g = g + λ·p*.
///
/// At the start of a chain, this is the gradient of the penalty *λ/2·p²* (L2); right before the
/// learning rate, it is decoupled weight decay.
#[derive(Clone, Copy, Debug)]
pub struct AddDecay {
    /// *λ*, at least 0.
    pub weight_decay: f64,
    /// Whether biases and scales decay too ([`Role::Bias`], [`Role::Scale`]).
    pub biases: bool,
}

pub(crate) const L2: Arg<f64> = Arg::new(
    "weight_decay",
    "multiple of the weight added to its gradient (L2)",
)
.keyword_only()
.default(0.0)
.from(0.0);
pub(crate) const DECOUPLED: Arg<f64> = Arg::new(
    "weight_decay",
    "fraction of the weight subtracted in each step, times `lr`",
)
.from(0.0);
pub(crate) const DECAY_BIASES: Arg<bool> = Arg::new(
    "decay_biases",
    "whether biases and normalization scales decay too",
)
.keyword_only()
.default(true);

impl AddDecay {
    /// Creates the transform from the arguments of a call; `weight_decay` is the key of that
    /// argument.
    pub(crate) fn of(args: &Args, weight_decay: Arg<f64>) -> Self {
        AddDecay {
            weight_decay: args.get(weight_decay),
            biases: args.get(DECAY_BIASES),
        }
    }

    /// Returns a chain of this transform, or an empty chain if it would have no effect.
    pub(crate) fn chain(self) -> Chain {
        match self.weight_decay > 0.0 {
            true => Chain::new().then(self),
            false => Chain::new(),
        }
    }

    /// Computes *g = g + by·λ·p*.
    pub(super) fn add<T: Scalar>(&self, by: f64, piece: Piece<'_, T>) {
        let decay = T::of(by * self.weight_decay);
        let pairs = piece.gradient.iter_mut().zip(piece.weight);
        vectorized(
            #[inline(always)]
            || pairs.for_each(|(g, &p)| *g += decay * p),
        );
    }
}

impl<T: Scalar> Transform<T> for AddDecay {
    fn takes(&self, role: Role) -> bool {
        self.biases || role == Role::Weight
    }

    fn apply(&self, piece: Piece<'_, T>) {
        self.add(1.0, piece);
    }
}
