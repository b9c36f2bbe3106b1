//! Batch normalisation of features.

use super::{
    AFFINE,
    batchnorm::{self, EPS, MOMENTUM},
};
use crate::{Batch, LayerDef};

/// `(x − mean) / √(var + eps) · weight + bias` for each feature over the batch, on `[features]`. While training, mean and variance are the
/// batch's, and running ones are kept, `(1 − momentum) · old + momentum · new`, with the variance divided by one less than the number of
/// values; evaluation uses those. `weight`, `bias`, `running_mean` and `running_var` are `[features]`. (`torch.nn.BatchNorm1d`; Ioffe,
/// Szegedy 2015)
///
/// Where training sees one value a feature, PyTorch fails; here that gives the bias, no gradient flows to the input, and the running
/// moments stay as they are.
pub const BATCHNORM1D: LayerDef = LayerDef {
    name: "batchnorm1d",
    aliases: &["batch_norm1d", "bn1d"],
    about: "brings each feature over the batch to mean 0 and variance 1",
    args: &[EPS.info(), MOMENTUM.info(), AFFINE.info()],
    examples: &[
        ("batchnorm1d", &[7]),
        ("batchnorm1d(momentum=0.5, affine=false)", &[2]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let features = build.features()?;
        batchnorm::build(args, build, features)
    },
    ..LayerDef::BASE
};
