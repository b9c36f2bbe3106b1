//! Global average pooling.

use tapeline_tensor::adaptive_avg_pool2d;

use crate::{Built, LayerDef, layers::activations::pointwise};

/// The mean of each channel, `[channels, h, w]` to `[channels]`, which is a valid input of
/// `linear`. (`torch.nn.AdaptiveAvgPool2d(1)` and `torch.nn.Flatten`; Lin et al. 2014)
pub const GLOBAL_AVGPOOL2D: LayerDef = LayerDef {
    name: "global_avgpool2d",
    aliases: &["global_avg_pool2d"],
    about: "global average pooling: the mean of each channel",
    examples: &[("global_avgpool2d", &[3, 4, 5])],
    build: |_, build| {
        let [channels, _, _] = build.image()?;
        let pooled = pointwise!(|x| adaptive_avg_pool2d(x, [1, 1]).flatten(1), |graph, x| {
            graph.global_avg_pool2d(x)
        });
        Ok(Built::new(pooled, [channels]).means(build.input_meaning().averaged()))
    },
    ..LayerDef::BASE
};
