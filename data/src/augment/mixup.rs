use rand_distr::{Beta, Distribution};
use tapeline_spec::{Arg, Args, Diagnostic, Span};

use super::{AugmentDef, Change, Mix};

pub(super) const ALPHA: Arg<f64> = Arg::new("alpha", "both parameters of the Beta distribution")
    .default(1.0)
    .range(0.01..=100.0)
    .tried(0.1..=2.0);

/// Blends each image with another one, chosen at random from all training images, and their targets
/// alike.
///
/// The share of the image itself is drawn from *Beta(alpha, alpha)*, for each image. The other one
/// is augmented as it is itself in this epoch.
///
/// Sources: Zhang et al. 2017, [*mixup: Beyond Empirical Risk
/// Minimization*](https://arxiv.org/abs/1710.09412);
/// [`MixUp`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.MixUp.html),
/// which draws one share for a batch, and mixes images of one batch.
pub(super) const MIXUP: AugmentDef = AugmentDef {
    name: "mixup",
    about: "blends each image with another one, and their targets",
    args: &[ALPHA.info()],
    examples: &["mixup", "hflip mixup(alpha=0.2)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let beta = beta(args.get(ALPHA))?;
    Ok(Change::mix(move |_, random| Mix::Blend {
        share: beta.sample(random),
    }))
}

/// Returns the distribution *Beta(alpha, alpha)*.
pub(super) fn beta(alpha: f64) -> Result<Beta<f64>, Diagnostic> {
    Beta::new(alpha, alpha).map_err(|e| Diagnostic::error(Span::default(), e.to_string()))
}
