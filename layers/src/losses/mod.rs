//! The built-in losses, one file each.

pub mod bce_with_logits;
pub mod cross_entropy;
pub mod euclidean;
pub mod focal;
pub mod hinge;
pub mod huber;
pub mod l1;
pub mod mse;
pub mod nll;
mod weights;

use tapeline_spec::Registry;

use crate::LossDef;

/// Returns the registry of built-in losses.
pub fn losses() -> Registry<LossDef> {
    let all = [
        bce_with_logits::BCE_WITH_LOGITS,
        cross_entropy::CROSS_ENTROPY,
        euclidean::EUCLIDEAN,
        focal::FOCAL,
        hinge::HINGE,
        huber::HUBER,
        l1::L1,
        mse::MSE,
        nll::NLL,
    ];
    all.into_iter()
        .fold(Registry::new("loss"), |registry, def| {
            registry
                .with(def)
                .unwrap_or_else(|e| unreachable!("the names of built-in losses are unique: {e}"))
        })
}
