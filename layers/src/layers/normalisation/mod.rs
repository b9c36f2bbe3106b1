//! Normalization layers.

mod batchnorm;
pub mod batchnorm1d;
pub mod batchnorm2d;
pub mod groupnorm;
pub mod layernorm;
pub mod layernorm2d;
pub mod rmsnorm;

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var};

use crate::{Build, Ctx, Element, Init, Refusal, features};

const EPS: Arg<f64> = Arg::new("eps", "added to the variance for numerical stability")
    .keyword_only()
    .default(1e-5)
    .above(0.0);
const AFFINE: Arg<bool> = Arg::new("affine", "whether to learn a weight and a bias")
    .keyword_only()
    .default(true);

/// Returns the part of a sample's shape that is normalized together: that of a token of a sequence,
/// otherwise all of it.
fn normalized(shape: &[usize]) -> &[usize] {
    &shape[features::axis(shape)..]
}

/// A learned weight, initialized to 1, and a learned bias, initialized to 0.
#[derive(Clone, Copy)]
struct Affine {
    weight: ParamId,
    bias: ParamId,
}

impl Affine {
    fn declare(build: &mut Build, shape: &[usize]) -> Result<Self, Refusal> {
        let weight = build.scale("weight", shape, Init::Constant(1.0))?;
        let bias = build.bias("bias", shape, Init::Constant(0.0))?;
        Ok(Affine { weight, bias })
    }

    fn params<'t, T: Element>(self, cx: &Ctx<'t, '_, T>) -> [Var<'t, T>; 2] {
        [cx.param(self.weight), cx.param(self.bias)]
    }
}
