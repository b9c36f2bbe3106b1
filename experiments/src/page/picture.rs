//! Images as PNG data URLs.

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{
    DynamicImage, GrayImage, Luma, Rgb, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};
use ndarray::Array2;
use tapeline_data::Images;

use crate::study::evidence::Filters;

/// Maximum side of an image in pixels, twice of what it is shown as.
const SIDE: u32 = 192;

/// Number of tiles in a row of a sheet.
const ACROSS: usize = 8;

/// Number of colour steps from zero to the largest weight; fewer steps make smaller files.
const STEPS: f32 = 12.0;

/// Colour of the gaps between tiles; it is visible on light and dark backgrounds.
const GAP: Rgb<u8> = Rgb([128, 128, 128]);

/// The ends and the middle of ColorBrewer's `RdBu`, which is safe for all kinds of colour vision.
const NEGATIVE: [f32; 3] = [33.0, 102.0, 172.0];
const ZERO: [f32; 3] = [247.0, 247.0, 247.0];
const POSITIVE: [f32; 3] = [178.0, 24.0, 43.0];

/// A grid of many small images as a single image.
pub struct Sheet {
    pub width: usize,
    pub height: usize,
    /// The data URL.
    pub source: String,
}

/// The first of `images`: in colour if it has three channels, otherwise its first channel in grey.
pub fn image(images: &Images) -> String {
    let (area, pixels) = (images.rows() * images.cols(), images.pixels(0));
    let at = |x: u32, y: u32| y as usize * images.cols() + x as usize;
    let (width, height) = (images.cols() as u32, images.rows() as u32);
    let image: DynamicImage = match images.channels() {
        3 => RgbImage::from_fn(width, height, |x, y| {
            Rgb([0, 1, 2].map(|channel| pixels[channel * area + at(x, y)]))
        })
        .into(),
        _ => GrayImage::from_fn(width, height, |x, y| Luma([pixels[at(x, y)]])).into(),
    };
    source(&reduced(image))
}

/// Weights in a grid, from blue (negative) over white to red (positive), each image on its own
/// scale.
pub fn sheet(filters: &Filters) -> Sheet {
    let count = filters.images.len();
    let (across, down) = (ACROSS.min(count), count.div_ceil(ACROSS));
    let (width, height) = (
        across * (filters.cols + 1) - 1,
        down * (filters.rows + 1) - 1,
    );
    let mut sheet = RgbImage::from_pixel(width as u32, height as u32, GAP);
    for (i, image) in filters.images.iter().enumerate() {
        let (left, top) = (
            i % ACROSS * (filters.cols + 1),
            i / ACROSS * (filters.rows + 1),
        );
        let largest = image.iter().fold(0.0f32, |largest, w| largest.max(w.abs()));
        for (j, &weight) in image.iter().enumerate() {
            let (x, y) = (left + j % filters.cols, top + j / filters.cols);
            sheet.put_pixel(
                x as u32,
                y as u32,
                color(weight / largest.max(f32::MIN_POSITIVE)),
            );
        }
    }
    Sheet {
        width,
        height,
        source: source(&sheet.into()),
    }
}

/// A map of numbers as an image, on its own scale, from blue (negative) over white to red
/// (positive).
pub fn map(values: &Array2<f32>) -> String {
    let largest = values
        .iter()
        .fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let (rows, cols) = values.dim();
    let picture = RgbImage::from_fn(cols as u32, rows as u32, |x, y| {
        color(values[[y as usize, x as usize]] / largest)
    });
    source(&reduced(picture.into()))
}

/// Reduces an image that is larger than it is shown.
fn reduced(image: DynamicImage) -> DynamicImage {
    match image.width().max(image.height()) > SIDE {
        true => image.resize(SIDE, SIDE, imageops::FilterType::Triangle),
        false => image,
    }
}

/// The colour of a relative weight between −1 and 1.
fn color(share: f32) -> Rgb<u8> {
    let end = if share < 0.0 { NEGATIVE } else { POSITIVE };
    let strength = (share.abs() * STEPS).round() / STEPS;
    Rgb([0, 1, 2].map(|i| (ZERO[i] + strength * (end[i] - ZERO[i])).round() as u8))
}

fn source(image: &DynamicImage) -> String {
    let mut png = Vec::new();
    // With few colours, raw pixels repeat and compress well; PNG filters would turn them into many
    // different differences.
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
    image
        .write_with_encoder(encoder)
        .unwrap_or_else(|e| unreachable!("a PNG can be written to memory: {e}"));
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
