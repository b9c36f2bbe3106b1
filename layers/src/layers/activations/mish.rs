//! Mish, a smooth, non-monotonic activation.

use tapeline_tensor::{Scalar, math};

use super::pointwise;
use crate::LayerDef;

/// `x tanh(ln(1 + eˣ))`. (`torch.nn.Mish`; Misra 2019)
pub const MISH: LayerDef = LayerDef {
    name: "mish",
    about: "x times the tanh of the softplus of x",
    examples: &[("mish", &[7]), ("mish", &[2, 3, 4])],
    build: |_, build| {
        Ok(build.same_shape(pointwise!(
            |x| x.map(
                "mish",
                #[inline(always)]
                |x| x * share_and_slope(x)[0],
                #[inline(always)]
                |g, x| {
                    let [share, slope] = share_and_slope(x);
                    g * (share + x * slope)
                },
            ),
            |graph, x| graph.node("Mish", &[x])
        )))
    },
    ..LayerDef::BASE
};

/// Returns `tanh(ln(1 + eˣ))` and its derivative: with `e = eˣ` and `n = (1 + e)² − 1`, they are
/// `n / (n + 2)` and `4 e (1 + e) / (n + 2)²`.
#[inline(always)]
fn share_and_slope<T: Scalar>(x: T) -> [T; 2] {
    // Beyond it, the share is 1 and the slope 0 within rounding.
    let most = T::of(40.0);
    let e = math::exp(if x > most { most } else { x });
    let n = e * (e + T::of(2.0));
    let below = T::one() / (n + T::of(2.0));
    let slope = T::of(4.0) * e * (T::one() + e) * below * below;
    [n * below, slope]
}
