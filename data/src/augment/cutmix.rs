use rand::Rng;
use rand_distr::Distribution;
use tapeline_spec::{Args, Diagnostic};

use super::{
    AugmentDef, Change, Mix,
    mixup::{ALPHA, beta},
};

/// Replaces a rectangle of each image by that of another one, chosen at random from all training
/// images. The targets are mixed by area.
///
/// The rectangle has the ratio of the image, and a fraction of its area drawn from *Beta(alpha,
/// alpha)*. Its centre is drawn uniformly from all pixels, and what lies beyond the border is cut.
/// The other image is augmented as it is itself in this epoch.
///
/// Sources: Yun et al. 2019, [*CutMix: Regularization Strategy to Train Strong Classifiers with
/// Localizable Features*](https://arxiv.org/abs/1905.04899);
/// [`CutMix`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.CutMix.html),
/// which draws one rectangle for a batch, and mixes images of one batch.
pub(super) const CUTMIX: AugmentDef = AugmentDef {
    name: "cutmix",
    about: "replaces a rectangle of each image by that of another one, and mixes their targets",
    args: &[ALPHA.info()],
    examples: &["cutmix", "crop(padding=4) cutmix(alpha=0.5)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let beta = beta(args.get(ALPHA))?;
    Ok(Change::mix(move |size, random| {
        let share = beta.sample(random);
        let centre = size.map(|side| random.random_range(0..side));
        pasted(size, centre, share)
    }))
}

/// Returns the rectangle around `centre` that leaves `share` of an image of `size`, as far as it
/// lies in the image.
pub(super) fn pasted(size: [usize; 2], centre: [usize; 2], share: f64) -> Mix {
    let side = (1.0 - share).max(0.0).sqrt();
    let [rows, cols] = [0, 1].map(|axis| {
        let half = (0.5 * side * size[axis] as f64) as usize;
        centre[axis].saturating_sub(half)..(centre[axis] + half).min(size[axis])
    });
    Mix::Paste { rows, cols }
}
