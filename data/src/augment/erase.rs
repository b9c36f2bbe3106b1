use ndarray::{ArrayViewMut3, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change, ascending};

const P: Arg<f64> = Arg::new("p", "probability of erasing")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);
const SCALE: Arg<[f64; 2]> = Arg::new("scale", "minimum and maximum fraction of the image area")
    .default([0.02, 0.33])
    .range(0.0..=1.0);
const RATIO: Arg<[f64; 2]> = Arg::new("ratio", "minimum and maximum ratio of height to width")
    .default([0.3, 3.3])
    .range(0.01..=100.0);

/// Random erasing.
///
/// With probability *p*, sets a rectangle in all channels to black. Its fraction of the image area
/// is drawn from *U(scale)*, its ratio of height to width from *exp U(ln ratio)*, and its position
/// uniformly from those where it fits. A rectangle as high or as wide as the image is drawn again,
/// up to 10 times in total; then nothing is erased.
///
/// The square of *Cutout* (DeVries, Taylor 2017) is `cutout(1, scale=(0.25, 0.25), ratio=(1, 1))` for
/// half of the side; here, it is never cut at the border.
///
/// Sources: Zhong et al. 2017, [*Random Erasing Data
/// Augmentation*](https://arxiv.org/abs/1708.04896);
/// [`RandomErasing`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomErasing.html),
/// which has the same defaults.
pub(super) const ERASE: AugmentDef = AugmentDef {
    name: "erase",
    aliases: &["cutout", "random_erasing"],
    about: "erases a random rectangle in some of the images",
    args: &[P.info(), SCALE.info(), RATIO.info()],
    examples: &[
        "erase",
        "erase(0.1)",
        "shift(2) erase(0.2, scale=(0.1, 0.2))",
    ],
    build,
};

const TRIES: usize = 10;

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let (p, scale, ratio) = (args.get(P), args.get(SCALE), args.get(RATIO));
    ascending("`scale` of `erase`", scale)?;
    ascending("`ratio` of `erase`", ratio)?;
    Ok(Change::pixels(move |image, random| {
        if random.random_bool(p) {
            erase(image, scale, ratio, random);
        }
    }))
}

fn erase(
    mut image: ArrayViewMut3<'_, f32>,
    scale: [f64; 2],
    ratio: [f64; 2],
    random: &mut ChaCha8Rng,
) {
    let (_, rows, cols) = image.dim();
    for _ in 0..TRIES {
        let area = (rows * cols) as f64 * random.random_range(scale[0]..=scale[1]);
        let ratio = random.random_range(ratio[0].ln()..=ratio[1].ln()).exp();
        let height = (area * ratio).sqrt().round() as usize;
        let width = (area / ratio).sqrt().round() as usize;
        if height < rows && width < cols {
            let top = random.random_range(0..=rows - height);
            let left = random.random_range(0..=cols - width);
            image
                .slice_mut(s![.., top..top + height, left..left + width])
                .fill(0.0);
            return;
        }
    }
}
