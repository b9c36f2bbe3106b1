//! Decoding of JPEG files.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use zune_jpeg::{
    ImageInfo, JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Problem, damaged, reserve, scans::expect_complete};

/// Decodes a file after checking that it is complete and its compressed data has no errors.
///
/// The `image` crate configures the underlying decoder to conceal errors: it fills missing or
/// undecodable parts with grey. This function therefore uses the decoder directly, in strict mode.
pub fn decode(bytes: &[u8], channels: usize) -> Result<(DynamicImage, Orientation), Problem> {
    let scans = expect_complete(bytes)?;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let Some((info, found)) = decoder.info().zip(decoder.input_colorspace()) else {
        return Err(damaged("it has no header"));
    };
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let (colors, count) = match found {
        ColorSpace::Luma => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let area = u64::from(width) * u64::from(height);
    reserve(&[
        // The decoder copies the metadata of the file.
        2 * bytes.len() as u64,
        area * count,
        coefficients(&info, scans).max(area * channels as u64),
    ])?;

    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif));
    decoder.set_options(options.jpeg_set_out_colorspace(colors));
    let pixels = decoder.decode().map_err(damaged)?;
    let picture = match colors {
        ColorSpace::Luma => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let picture = picture.ok_or_else(|| damaged("it has a wrong number of pixels"))?;
    Ok((picture, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Returns the number of bytes that the decoder allocates for coefficients. It holds all of them if
/// the image has several scans.
fn coefficients(info: &ImageInfo, scans: usize) -> u64 {
    if scans == 1 && !info.sof.is_progressive() {
        return 0;
    }
    // The sides are rounded up to whole blocks of at most 32 pixels.
    let [width, height] =
        [info.width, info.height].map(|side| u64::from(side).next_multiple_of(32));
    2 * width * height * u64::from(info.components)
}
