use tapeline_spec::{Arg, Args, Diagnostic};
use tapeline_tensor::{Scalar, vectorized};

use super::flush;
use crate::{Chain, OptimizerDef, Piece, Transform};

/// A moving average of the weights after each step. It doesn't change gradients, and is the last of
/// a chain, where *p − g* is the updated weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ema(pub f64);

const DECAY: Arg<f64> = Arg::new("decay", "decay rate of the average")
    .default(0.999)
    .from(0.0)
    .below(1.0);

/// Enables [`Chain::averaged`], wherever it is in the text. Training continues with the weights
/// themselves; the averages are evaluated and saved. Buffers, such as running statistics, are not
/// averaged.
///
/// Sources: Polyak, Juditsky 1992, *Acceleration of stochastic approximation by averaging*;
/// [PyTorch's
/// `AveragedModel`](https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html)
/// with `get_ema_avg_fn(decay)`: the average starts as the weights after the first step, so it
/// takes about *1/(1 − decay)* steps to forget them.
pub(crate) const EMA: OptimizerDef = OptimizerDef {
    name: "ema",
    about: "moving average of the weights, used for evaluation and saving",
    args: &[DECAY.info()],
    examples: &[
        "sgd(lr=0.001, momentum=0.9) ema(0.99)",
        "ema(0.9) adam(lr=0.01)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    Ok(Chain::new().averaged(args.get(DECAY)))
}

impl<T: Scalar> Transform<T> for Ema {
    fn moments(&self) -> &'static [&'static str] {
        &["average"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let [average] = piece.moments();
        let keep = if piece.step == 1 { 0.0 } else { self.0 };
        let (keep, fresh) = (T::of(keep), T::of(1.0 - keep));
        let triples = average.iter_mut().zip(piece.weight).zip(piece.gradient);
        vectorized(
            #[inline(always)]
            || triples.for_each(|((a, &p), g)| *a = flush(keep * *a + fresh * (p - *g))),
        );
    }
}
