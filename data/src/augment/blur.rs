use ndarray::{ArrayViewMut3, Axis};
use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic, Span};

use super::{AugmentDef, Change, ascending};

const KERNEL_SIZE: Arg<usize> = Arg::new("kernel_size", "side of the kernel in pixels, odd")
    .default(3)
    .range(1..=255);
const SIGMA: Arg<[f64; 2]> = Arg::new(
    "sigma",
    "minimum and maximum standard deviation of the Gaussian, in pixels",
)
.default([0.1, 2.0])
.range(0.01..=100.0);

/// Blurs the image with a Gaussian, whose standard deviation is drawn from *U(sigma)*. Beyond the
/// border, the image is mirrored.
///
/// This is
/// [`GaussianBlur`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.GaussianBlur.html),
/// which has the same default of `sigma`.
pub(super) const BLUR: AugmentDef = AugmentDef {
    name: "blur",
    aliases: &["gaussian_blur"],
    about: "blurs the image with a random Gaussian",
    args: &[KERNEL_SIZE.info(), SIGMA.info()],
    examples: &["blur", "blur(5, sigma=(0.5, 1.5)) hflip"],
    build,
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let (size, sigma) = (args.get(KERNEL_SIZE), args.get(SIGMA));
    if size % 2 == 0 {
        let message = format!("`kernel_size` of `blur` is {size}, expected an odd number");
        return Err(Diagnostic::error(Span::default(), message).help(format!(
            "use {} or {}",
            size - 1,
            size + 1
        )));
    }
    ascending("`sigma` of `blur`", sigma)?;
    Ok(Change::pixels(move |image, random| {
        blur(image, size, random.random_range(sigma[0]..=sigma[1]));
    }))
}

/// Convolves each channel with a Gaussian of `size` by `size` pixels.
pub(super) fn blur(mut image: ArrayViewMut3<'_, f32>, size: usize, sigma: f64) {
    let weights = gaussian(size, sigma);
    for axis in [Axis(1), Axis(2)] {
        for mut lane in image.lanes_mut(axis) {
            let old = lane.to_vec();
            for (i, out) in lane.iter_mut().enumerate() {
                let taps = weights.iter().zip(0..).map(|(weight, tap)| {
                    let place = i as isize + tap - (size / 2) as isize;
                    weight * old[mirrored(place, old.len())]
                });
                // Rounding may lead beyond the range by one unit in the last place.
                *out = taps.sum::<f32>().clamp(0.0, 255.0);
            }
        }
    }
}

/// Returns the weights of a Gaussian at `size` pixels, with sum 1.
fn gaussian(size: usize, sigma: f64) -> Vec<f32> {
    let centre = (size / 2) as f64;
    let weight = |i: usize| (-0.5 * ((i as f64 - centre) / sigma).powi(2)).exp();
    let weights: Vec<f64> = (0..size).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Returns the pixel that is seen at a place beyond the border, where the outermost pixel is not
/// repeated: of *abcd*, *cb* and *cb* are seen before and behind it. Of small images, the mirror
/// image is mirrored again.
fn mirrored(place: isize, size: usize) -> usize {
    let period = (2 * size - 2).max(1) as isize;
    let place = place.rem_euclid(period) as usize;
    place.min(period as usize - place) % size
}
