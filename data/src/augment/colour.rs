//! Brightness, contrast and saturation: an image is blended with another one by a random factor.

use ndarray::{ArrayView3, ArrayViewMut3, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tapeline_spec::Arg;

/// The argument of all three.
pub(super) const AMOUNT: Arg<f64> = Arg::new("amount", "maximum change of the factor from 1")
    .range(0.0..=100.0)
    .tried(0.0..=1.0);

/// Draws a factor from *U(max(0, 1 − amount), 1 + amount)*.
pub(super) fn factor(amount: f64, random: &mut ChaCha8Rng) -> f32 {
    random.random_range((1.0 - amount).max(0.0)..=1.0 + amount) as f32
}

/// Returns `factor` of the pixel and 1 − `factor` of the other, within the range of pixels.
pub(super) fn blend(pixel: f32, other: f32, factor: f32) -> f32 {
    (factor * pixel + (1.0 - factor) * other).clamp(0.0, 255.0)
}

/// The shares of red, green and blue in the brightness of a pixel, as torchvision has them.
const SHARES: [f32; 3] = [0.2989, 0.587, 0.114];

/// Returns the brightness of a pixel.
pub(super) fn grey([red, green, blue]: [f32; 3]) -> f32 {
    SHARES[0] * red + SHARES[1] * green + SHARES[2] * blue
}

/// Returns the mean brightness; of an image that doesn't have three channels, the mean of all
/// values.
pub(super) fn mean_grey(image: ArrayView3<'_, f32>) -> f32 {
    let mean = |plane| {
        let plane: ndarray::ArrayView2<'_, f32> = plane;
        plane.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / plane.len() as f64
    };
    let means: Vec<f64> = image.axis_iter(Axis(0)).map(mean).collect();
    match means[..] {
        [red, green, blue] => grey([red, green, blue].map(|mean| mean as f32)),
        _ => (means.iter().sum::<f64>() / means.len() as f64) as f32,
    }
}

/// Multiplies the image by the factor.
pub(super) fn brighten(mut image: ArrayViewMut3<'_, f32>, factor: f32) {
    image.mapv_inplace(|pixel| blend(pixel, 0.0, factor));
}

/// Blends the image with its mean brightness.
pub(super) fn stretch(mut image: ArrayViewMut3<'_, f32>, factor: f32) {
    let mean = mean_grey(image.view());
    image.mapv_inplace(|pixel| blend(pixel, mean, factor));
}

/// Blends a colour image with its grey form. An image that doesn't have three channels is left
/// unchanged.
pub(super) fn saturate(mut image: ArrayViewMut3<'_, f32>, factor: f32) {
    if image.len_of(Axis(0)) != 3 {
        return;
    }
    for mut pixel in image.lanes_mut(Axis(0)) {
        let grey = grey([pixel[0], pixel[1], pixel[2]]);
        pixel.mapv_inplace(|value| blend(value, grey, factor));
    }
}
