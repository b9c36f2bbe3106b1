//! The losses, one file each.

pub mod cross_entropy;
pub mod euclidean;
pub mod mse;

use tapeline_spec::Registry;

use crate::LossDef;

/// The losses of this crate.
pub fn losses() -> Registry<LossDef> {
    let all = [cross_entropy::CROSS_ENTROPY, euclidean::EUCLIDEAN, mse::MSE];
    all.into_iter()
        .fold(Registry::new("loss"), |registry, def| {
            registry
                .with(def)
                .unwrap_or_else(|e| unreachable!("each loss of ours has a name of its own: {e}"))
        })
}
