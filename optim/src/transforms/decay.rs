use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Role, Scalar};

use super::{
    AddDecay,
    add_decay::{DECAY_BIASES, DECOUPLED},
};
use crate::{Chain, OptimizerDef, Piece, Transform};

/// Decoupled weight decay after the learning rate: *g = g + lr·factor·λ·p*, so that the step
/// reduces the weight by the fraction *lr·factor·λ*.
#[derive(Clone, Copy, Debug)]
pub struct Decay {
    /// The learning rate, above 0.
    pub lr: f64,
    /// *λ*, and the weights that decay.
    pub decay: AddDecay,
}

const WEIGHT_DECAY: Arg<f64> = DECOUPLED.tried(0.0..=1.0);

/// The weight decay of `adamw`, for any optimizer. It always comes last, wherever it is in the
/// text, and is proportional to the weight before the step, the optimizer's `lr`, and the
/// schedule's factor.
///
/// Source: Loshchilov, Hutter 2019, [*Decoupled weight decay
/// regularization*](https://arxiv.org/abs/1711.05101).
pub(crate) const DECAY: OptimizerDef = OptimizerDef {
    name: "decay",
    about: "decoupled weight decay for any optimizer",
    args: &[WEIGHT_DECAY.info(), DECAY_BIASES.info()],
    examples: &[
        "sgd(lr=0.001, momentum=0.9) decay(0.05)",
        "decay(0.05, decay_biases=false) rmsprop(lr=0.001)",
    ],
    finish,
    ..OptimizerDef::BASE
};

fn finish(args: &Args, lr: f64) -> Chain {
    Chain::new().then(Decay {
        lr,
        decay: AddDecay::of(args, WEIGHT_DECAY),
    })
}

impl<T: Scalar> Transform<T> for Decay {
    fn takes(&self, role: Role) -> bool {
        Transform::<T>::takes(&self.decay, role)
    }

    fn apply(&self, piece: Piece<'_, T>) {
        self.decay.add(self.lr * piece.factor, piece);
    }
}
