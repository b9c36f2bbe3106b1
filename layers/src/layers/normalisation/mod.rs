//! Values brought to a mean of 0 and a variance of 1.

mod batchnorm;
pub mod batchnorm1d;
pub mod batchnorm2d;
pub mod groupnorm;
pub mod layernorm;
pub mod rmsnorm;

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var};

use crate::{Build, Ctx, Element, Init, Refusal, layers::shapes::has_one_order};

const EPS: Arg<f64> = Arg::new("eps", "added to the variance")
    .keyword_only()
    .default(1e-5)
    .above(0.0);
const AFFINE: Arg<bool> = Arg::new(
    "affine",
    "whether a weight and a bias are learned that undo it where that helps",
)
.keyword_only()
.default(true);

/// Counts what normalising rows keeps on its way to the output: the input in row-major order, if that isn't its own, and what the weight is
/// multiplied with.
fn keep_steps(build: &mut Build, affine: bool) {
    let values = build.shape().iter().product();
    if !has_one_order(build.shape()) {
        build.keep(values);
    }
    if affine {
        build.keep(values);
    }
}

/// A learned weight, 1 at first, and a learned bias, 0 at first.
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

    /// `x · weight + bias`, with both in `shape`.
    fn apply<'t, T: Element>(
        self,
        cx: &Ctx<'t, '_, T>,
        x: Var<'t, T>,
        shape: &[usize],
    ) -> Var<'t, T> {
        x * cx.param(self.weight).reshape(shape) + cx.param(self.bias).reshape(shape)
    }
}
