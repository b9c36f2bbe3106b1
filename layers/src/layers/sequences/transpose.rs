//! The exchange of tokens and features.

use crate::{Built, LayerDef, layers::activations::pointwise};

/// Exchanges tokens and features: `[a, b]` to `[b, a]`. Layers after it mix tokens instead of
/// features. (`x.mT` in PyTorch; Tolstikhin et al. 2021)
pub const TRANSPOSE: LayerDef = LayerDef {
    name: "transpose",
    about: "exchanges tokens and features",
    examples: &[("transpose", &[3, 4]), ("transpose", &[2, 5])],
    build: |_, build| {
        let [tokens, features] = build.sequence()?;
        let transpose = pointwise!(
            // Elements are moved once, here, rather than by each operation that needs them in order.
            move |x| {
                let y = x.permute(&[0, 2, 1]);
                y.reshape(&[x.shape()[0], features, tokens])
            },
            |graph, x| graph.transpose(x, &[0, 2, 1])
        );
        let meaning = build.input_meaning().scattered();
        Ok(Built::new(transpose, [features, tokens]).means(meaning))
    },
    ..LayerDef::BASE
};
