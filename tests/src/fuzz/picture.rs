//! Picture files, as `predict` reads them.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use tapeline_data::{Fit, is_dark_on_light, read_picture_from, resized};

use super::message::expect_readable;

/// The maximum number of pixels of an image that is resized; larger ones are only read.
const SCALED: usize = 1 << 16;

/// Checks that an image can be read both in grey and in colour, or in neither; that it isn't empty;
/// and that it can be resized to any shape.
pub fn run(input: &[u8]) {
    let [grey, coloured] = [1, 3].map(|channels| {
        let read = read_picture_from(input, channels, "picture");
        let images = read.inspect_err(expect_readable).ok()?;
        assert_eq!((images.count(), images.channels()), (1, channels));
        assert!((1..=8192).contains(&images.rows()) && (1..=8192).contains(&images.cols()));
        is_dark_on_light(&images, 0);
        if images.rows() * images.cols() <= SCALED {
            for [rows, cols] in [[28, 28], [1, 9]] {
                let shape = [channels, rows, cols];
                for fit in [Fit::Pad, Fit::Crop, Fit::Stretch] {
                    assert_eq!(resized(&images, shape, fit).shape(), shape);
                }
            }
            assert_eq!(resized(&images, images.shape(), Fit::Pad), images);
        }
        Some([images.rows(), images.cols()])
    });
    assert_eq!(grey, coloured);
}

/// Returns small images of each format and colour type.
pub fn seeds() -> Vec<Vec<u8>> {
    let pictures: [DynamicImage; 3] = [
        GrayImage::from_fn(5, 4, |x, y| [(x * 40 + y) as u8].into()).into(),
        RgbImage::from_fn(3, 6, |x, y| [(x * 80) as u8, (y * 40) as u8, 7].into()).into(),
        RgbaImage::from_fn(2, 2, |x, y| [0, 255, 9, (x * 200 + y) as u8].into()).into(),
    ];
    let kinds = pictures.iter().flat_map(|picture| {
        let jpeg = !picture.color().has_alpha();
        let kinds = [
            Some(ImageFormat::Png),
            jpeg.then_some(ImageFormat::Jpeg),
            Some(ImageFormat::WebP),
            Some(ImageFormat::Bmp),
            Some(ImageFormat::Gif),
        ];
        kinds.into_iter().flatten().map(move |kind| {
            let mut bytes = Cursor::new(Vec::new());
            let written = match kind {
                // The encoder has no other colour type.
                ImageFormat::Gif => picture.to_rgba8().write_to(&mut bytes, kind),
                _ => picture.write_to(&mut bytes, kind),
            };
            written.expect("a vector grows");
            bytes.into_inner()
        })
    });
    kinds.collect()
}
