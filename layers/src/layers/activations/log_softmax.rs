//! Log-softmax.

use super::pointwise;
use crate::{LayerDef, Meaning};

/// `x − ln Σ eˣ` over features, or over channels at each position of an image, without overflow.
/// (`torch.nn.LogSoftmax`)
pub const LOG_SOFTMAX: LayerDef = LayerDef {
    name: "log_softmax",
    aliases: &["logsoftmax"],
    about: "log-softmax over features, or over channels at each position; for the loss `nll`",
    examples: &[
        ("log_softmax", &[5]),
        ("log_softmax", &[3, 2, 4]),
        ("log_softmax", &[3, 4]),
    ],
    build: |_, build| {
        let axis = 1 + build.feature_axis();
        let log_softmax = pointwise!(move |x| x.log_softmax(axis), move |graph, x| graph
            .node_with("LogSoftmax", &[x], &[("axis", axis.into())]));
        Ok(build
            .same_shape(log_softmax)
            .means(Meaning::LogProbabilities))
    },
    ..LayerDef::BASE
};
