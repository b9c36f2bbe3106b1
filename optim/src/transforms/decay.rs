use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Role, Scalar};

use super::{
    AddDecay,
    add_decay::{DECAY_BIASES, DECOUPLED},
};
use crate::{Chain, OptimizerDef, Piece, Transform};

/// Decoupled weight decay behind the learning rate: *g = g + lr·factor·λ·p*, so that what is subtracted takes the share
/// *lr·factor·λ* off the weight.
#[derive(Clone, Copy, Debug)]
pub struct Decay {
    /// The learning rate, above 0.
    pub lr: f64,
    /// *λ*, and of which weights.
    pub decay: AddDecay,
}

const WEIGHT_DECAY: Arg<f64> = DECOUPLED.tried(0.0..=1.0);

/// The decay of `adamw`, for any optimizer: wherever it stands in the text, it comes last, and is a share of the weight as it was before
/// the step, times the optimizer's `lr` and the schedule's factor.
///
/// Source: Loshchilov, Hutter 2019, [*Decoupled weight decay regularization*](https://arxiv.org/abs/1711.05101).
pub(crate) const DECAY: OptimizerDef = OptimizerDef {
    name: "decay",
    about: "weight decay apart from the gradient, beside any optimizer",
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
