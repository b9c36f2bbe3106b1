//! Batch normalization of features.

use super::{
    AFFINE,
    batchnorm::{self, EPS, MOMENTUM},
};
use crate::{Batch, LayerDef};

/// `(x − mean) / √(var + eps) · weight + bias` for each feature over the batch, on `[features]`, or over the
/// batch and all tokens, on `[tokens, features]`.
///
/// In training, mean and variance are those of the batch, and running averages are updated as `(1 −
/// momentum) · old + momentum · new`, with the unbiased variance of the batch. Evaluation uses the
/// running averages. `weight`, `bias`, `running_mean` and `running_var` are `[features]`.
/// (`torch.nn.BatchNorm1d`; Ioffe, Szegedy 2015)
///
/// In training with a single value per feature, PyTorch raises an error; here the output is the
/// bias, no gradient flows to the input, and the running averages stay unchanged.
pub const BATCHNORM1D: LayerDef = LayerDef {
    name: "batchnorm1d",
    aliases: &["batch_norm1d", "bn1d"],
    about: "batch normalization over each feature",
    args: &[EPS.info(), MOMENTUM.info(), AFFINE.info()],
    examples: &[
        ("batchnorm1d", &[7]),
        ("batchnorm1d(momentum=0.5, affine=false)", &[2]),
        ("batchnorm1d", &[4, 3]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let features = build.features()?;
        batchnorm::build(args, build, features)
    },
    ..LayerDef::BASE
};
