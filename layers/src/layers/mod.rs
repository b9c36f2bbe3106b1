//! The layers, one file each.

pub mod conv2d;
pub mod dropout;
pub mod flatten;
pub mod linear;
pub mod maxpool2d;
pub mod relu;
pub mod residual;
pub mod sigmoid;
pub mod softmax;
pub mod tanh;

use tapeline_spec::Registry;

use crate::LayerDef;

/// The layers of this crate.
pub fn layers() -> Registry<LayerDef> {
    let all = [
        conv2d::CONV2D,
        dropout::DROPOUT,
        flatten::FLATTEN,
        linear::LINEAR,
        maxpool2d::MAXPOOL2D,
        relu::RELU,
        residual::RESIDUAL,
        sigmoid::SIGMOID,
        softmax::SOFTMAX,
        tanh::TANH,
    ];
    all.into_iter()
        .fold(Registry::new("layer"), |registry, def| {
            registry
                .with(def)
                .unwrap_or_else(|e| unreachable!("each layer of ours has a name of its own: {e}"))
        })
}

/// The largest size that a layer's argument can have.
pub(crate) const MAX_SIZE: usize = 1 << 20;
