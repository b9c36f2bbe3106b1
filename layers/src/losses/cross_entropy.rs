//! Softmax cross-entropy.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, cross_entropy};

use crate::{Element, Loss, LossDef};

const LABEL_SMOOTHING: Arg<f64> = Arg::new(
    "label_smoothing",
    "share of the target spread evenly over all classes",
)
.default(0.0)
.range(0.0..=1.0);

/// `−Σ_c q_c ln softmax(z)_c`, a mean over the batch, with `q` the one-hot target of which `label_smoothing` is spread over all
/// classes. Takes logits. (`torch.nn.CrossEntropyLoss`; smoothing: Szegedy et al. 2016)
pub const CROSS_ENTROPY: LossDef = LossDef {
    name: "cross_entropy",
    about: "softmax cross-entropy of logits",
    args: &[LABEL_SMOOTHING.info()],
    examples: &["cross_entropy", "cross_entropy(label_smoothing=0.1)"],
    takes_logits: true,
    build: |args| {
        Box::new(CrossEntropy {
            smoothing: args.get(LABEL_SMOOTHING),
        })
    },
    ..LossDef::BASE
};

struct CrossEntropy {
    smoothing: f64,
}

impl<T: Element> Loss<T> for CrossEntropy {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        cross_entropy(output, targets, T::of(self.smoothing))
    }
}
