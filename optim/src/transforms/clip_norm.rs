use tapeline_spec::{Arg, Args, Diagnostic};
use tapeline_tensor::{Grads, Params, Scalar};

use super::scale;
use crate::{Chain, OptimizerDef, Piece, Transform};

/// Clips the norm of the gradient to `max`: *g = g·min(1, max / (‖g‖ + 10⁻⁶))*, with the Euclidean
/// norm over the gradients of all weights together.
///
/// Sources: Pascanu, Mikolov, Bengio 2013, [*On the difficulty of training recurrent neural
/// networks*](https://arxiv.org/abs/1211.5063); [PyTorch's
/// `clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).
#[derive(Clone, Copy, Debug)]
pub struct ClipNorm {
    /// The maximum norm, above 0.
    pub max: f64,
}

const MAX: Arg<f64> = Arg::new("max", "maximum Euclidean norm")
    .above(0.0)
    .tried(0.1..=10.0);

pub(crate) const CLIP_NORM: OptimizerDef = OptimizerDef {
    name: "clip_norm",
    about: "clips the Euclidean norm of all gradients together",
    args: &[MAX.info()],
    examples: &["clip_norm(1) sgd(lr=0.01)", "clip_norm(0.5) adam(lr=0.01)"],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    Ok(Chain::new().then(ClipNorm { max: args.get(MAX) }))
}

impl<T: Scalar> Transform<T> for ClipNorm {
    fn looks(&self) -> bool {
        true
    }

    fn look(&self, _grads: &Grads<T>, _params: &Params<T>, squares: &[f64]) -> f64 {
        squares.iter().sum::<f64>().sqrt()
    }

    fn apply(&self, piece: Piece<'_, T>) {
        let factor = self.max / (piece.seen + 1e-6);
        if factor < 1.0 {
            scale(piece.gradient, factor);
        }
    }
}
