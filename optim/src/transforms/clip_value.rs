use tapeline_spec::{Arg, Args, Diagnostic};
use tapeline_tensor::{Scalar, vectorized};

use crate::{Chain, OptimizerDef, Piece, Transform};

/// Clips each element to an absolute value of at most `max`: *g = min(max, max(−max, g))*.
///
/// Source: [PyTorch's
/// `clip_grad_value_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html).
#[derive(Clone, Copy, Debug)]
pub struct ClipValue {
    /// The maximum absolute value, above 0.
    pub max: f64,
}

const MAX: Arg<f64> = Arg::new("max", "maximum absolute value")
    .above(0.0)
    .tried(0.1..=10.0);

pub(crate) const CLIP_VALUE: OptimizerDef = OptimizerDef {
    name: "clip_value",
    about: "clips each element of the gradient to a maximum absolute value",
    args: &[MAX.info()],
    examples: &[
        "clip_value(1) sgd(lr=0.01)",
        "clip_value(0.5) adam(lr=0.01)",
    ],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    Ok(Chain::new().then(ClipValue { max: args.get(MAX) }))
}

impl<T: Scalar> Transform<T> for ClipValue {
    fn apply(&self, piece: Piece<'_, T>) {
        let max = T::of(self.max);
        // Comparisons propagate NaN.
        let clip = |g: &mut T| {
            if *g > max {
                *g = max;
            } else if *g < -max {
                *g = -max;
            }
        };
        vectorized(
            #[inline(always)]
            || piece.gradient.iter_mut().for_each(clip),
        );
    }
}
