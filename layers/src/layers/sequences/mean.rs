//! The mean of the tokens.

use crate::{Built, LayerDef, layers::activations::pointwise};

/// The mean of all tokens: `[tokens, features]` to `[features]`, which is a valid input of the last
/// `linear`. (`x.mean(1)` in PyTorch)
pub const MEAN: LayerDef = LayerDef {
    name: "mean",
    about: "the mean of all tokens of a sequence",
    examples: &[("mean", &[3, 4]), ("mean", &[5, 2])],
    build: |_, build| {
        let [_, features] = build.sequence()?;
        let mean = pointwise!(|x| x.mean_axis(1), |graph, x| {
            let axis = graph.sizes(&[1]);
            graph.node_with("ReduceMean", &[x, axis], &[("keepdims", 0.into())])
        });
        Ok(Built::new(mean, [features]).means(build.input_meaning().averaged()))
    },
    ..LayerDef::BASE
};
