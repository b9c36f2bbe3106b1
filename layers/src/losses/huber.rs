//! Huber loss to the one-hot target.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use crate::{Element, Loss, LossDef, SoftLoss, one_hot};

const DELTA: Arg<f64> = Arg::new(
    "delta",
    "distance at which the loss changes from quadratic to linear",
)
.default(1.0)
.above(0.0)
.tried(0.1..=2.0);

/// The mean over all elements of `½ d²` where `|d| ≤ δ`, else `δ (|d| − ½ δ)`, with `d = y −
/// onehot`. Takes any output. Its derivative is `d` clamped to `[−δ, δ]`. (Huber 1964;
/// `torch.nn.HuberLoss`)
pub const HUBER: LossDef = LossDef {
    name: "huber",
    about: "Huber loss to the one-hot target, averaged over batch and classes",
    args: &[DELTA.info()],
    examples: &["huber", "huber(delta=0.5)"],
    build: |args| {
        Box::new(Huber {
            delta: args.get(DELTA),
        })
    },
    ..LossDef::BASE
};

struct Huber {
    delta: f64,
}

impl<T: Element> Loss<T> for Huber {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        SoftLoss::value(self, output, one_hot(output, targets))
    }

    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        Some(self)
    }
}

impl<T: Element> SoftLoss<T> for Huber {
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T> {
        let (delta, half) = (T::of(self.delta), T::of(0.5));
        let apart = output - shares;
        let value = move |x: T| match x.abs() {
            far if far > delta => delta * (far - half * delta),
            _ => half * x * x,
        };
        let slope = move |g: T, x: T| match x {
            x if x > delta => g * delta,
            x if x < -delta => -g * delta,
            x => g * x,
        };
        apart.map("huber", value, slope).mean()
    }
}
