use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Role, Scalar, vectorized};

use crate::{Chain, Piece, Transform};

/// Adds a multiple of the weight: *g = g + λ·p*.
///
/// In front of a chain it is the gradient of the penalty *λ/2·p²* (L2); right before the learning rate it is decoupled weight decay.
#[derive(Clone, Copy, Debug)]
pub struct AddDecay {
    /// *λ*, at least 0.
    pub weight_decay: f64,
    /// Whether biases and scales decay as well ([`Role::Bias`], [`Role::Scale`]).
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
    "share of the weight taken off a step, times `lr`",
)
.from(0.0);
pub(crate) const DECAY_BIASES: Arg<bool> = Arg::new(
    "decay_biases",
    "whether biases and the scales of normalization decay, too",
)
.keyword_only()
.default(true);

impl AddDecay {
    /// What a call asks for; `weight_decay` is its key of that name.
    pub(crate) fn of(args: &Args, weight_decay: Arg<f64>) -> Self {
        AddDecay {
            weight_decay: args.get(weight_decay),
            biases: args.get(DECAY_BIASES),
        }
    }

    /// A chain of it alone; none where it would add nothing.
    pub(crate) fn chain(self) -> Chain {
        match self.weight_decay > 0.0 {
            true => Chain::new().then(self),
            false => Chain::new(),
        }
    }

    /// *g = g + by·λ·p*
    pub(super) fn add<T: Scalar>(&self, by: f64, piece: Piece<'_, T>) {
        let decay = T::of(by * self.weight_decay);
        let pairs = piece.gradient.iter_mut().zip(piece.weight);
        vectorized(|| pairs.for_each(|(g, &p)| *g += decay * p));
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
