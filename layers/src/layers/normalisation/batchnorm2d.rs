//! Batch normalization of images.

use super::{
    AFFINE,
    batchnorm::{self, EPS, MOMENTUM},
};
use crate::{Batch, LayerDef};

/// `(x − mean) / √(var + eps) · weight + bias` for each channel over the batch and all positions,
/// on `[channels, h, w]`.
///
/// In training, mean and variance are those of the batch, and running averages are updated as `(1 −
/// momentum) · old + momentum · new`, with the unbiased variance of the batch. Evaluation uses the
/// running averages. `weight`, `bias`, `running_mean` and `running_var` are `[channels]`.
/// (`torch.nn.BatchNorm2d`; Ioffe, Szegedy 2015)
///
/// In training with a single value per channel, PyTorch raises an error; here the output is the
/// bias, no gradient flows to the input, and the running averages stay unchanged.
pub const BATCHNORM2D: LayerDef = LayerDef {
    name: "batchnorm2d",
    aliases: &["batch_norm2d", "bn2d"],
    about: "batch normalization over each channel",
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
