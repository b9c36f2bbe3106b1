//! Log-softmax.

use super::pointwise;
use crate::{LayerDef, Meaning};

/// `x − ln Σ eˣ` over features, or over channels at each position of an image, without overflow.
/// (`torch.nn.LogSoftmax(dim=1)`)
pub const LOG_SOFTMAX: LayerDef = LayerDef {
    name: "log_softmax",
    aliases: &["logsoftmax"],
    about: "log-softmax over features, or over channels at each position; for the loss `nll`",
    examples: &[("log_softmax", &[5]), ("log_softmax", &[3, 2, 4])],
    build: |_, build| {
        let log_softmax = pointwise!(|x| x.log_softmax(1), |graph, x| graph.node_with(
            "LogSoftmax",
            &[x],
            &[("axis", 1.into())]
        ));
        Ok(build
            .same_shape(log_softmax)
            .means(Meaning::LogProbabilities))
    },
    ..LayerDef::BASE
};
