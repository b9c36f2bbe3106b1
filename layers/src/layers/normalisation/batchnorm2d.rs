//! Batch normalisation of images.

use super::{
    AFFINE,
    batchnorm::{self, EPS, MOMENTUM},
};
use crate::{Batch, LayerDef};

/// `(x − mean) / √(var + eps) · weight + bias` for each channel over the batch and all places, on `[channels, h, w]`. While training, mean and variance are the
/// batch's, and running ones are kept, `(1 − momentum) · old + momentum · new`, with the variance divided by one less than the number of
/// values; evaluation uses those. `weight`, `bias`, `running_mean` and `running_var` are `[channels]`. (`torch.nn.BatchNorm2d`; Ioffe,
/// Szegedy 2015)
///
/// Where training sees one value a channel, PyTorch fails; here that gives the bias, no gradient flows to the input, and the running
/// moments stay as they are.
pub const BATCHNORM2D: LayerDef = LayerDef {
    name: "batchnorm2d",
    aliases: &["batch_norm2d", "bn2d"],
    about: "brings each channel over the batch and all places to mean 0 and variance 1",
    args: &[EPS.info(), MOMENTUM.info(), AFFINE.info()],
    examples: &[
        ("batchnorm2d", &[3, 4, 5]),
        ("batchnorm2d(momentum=0.5, affine=false)", &[2, 1, 3]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let [channels, _, _] = build.image()?;
        batchnorm::build(args, build, channels)
    },
    ..LayerDef::BASE
};
