//! Decoding of WebP, BMP and GIF files.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};

use super::{MAX_BYTES, MAX_SIDE, Problem, damaged, reserve, truncated};

/// Decodes a file; of an animation, the first frame.
pub fn decode(
    bytes: &[u8],
    format: ImageFormat,
    channels: usize,
) -> Result<(DynamicImage, Orientation), Problem> {
    if format == ImageFormat::WebP {
        expect_whole_webp(bytes)?;
    }
    let mut decoder = decoder(bytes, format)?;
    let (width, height) = decoder.dimensions();
    let output = u64::from(width) * u64::from(height) * channels as u64;
    // The decoders have buffers of up to twice the size of their output.
    let buffers = decoder.total_bytes().saturating_mul(3);
    reserve(&[bytes.len() as u64, buffers, output])?;
    let orientation = decoder.orientation().map_err(problem)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(problem)?;
    Ok((picture, orientation))
}

/// Reads the header of a file of any format.
pub fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, Problem> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(problem)?;
    let (width, height) = decoder.dimensions();
    match (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
        true => Ok(decoder),
        false if width == 0 || height == 0 => Err(damaged("it has no pixels")),
        false => Err(Problem::TooLarge),
    }
}

/// Checks that a WebP file is as long as its header says. The decoder stops once it has all pixels.
fn expect_whole_webp(bytes: &[u8]) -> Result<(), Problem> {
    let length = bytes.get(4..8).and_then(|length| length.try_into().ok());
    let length = length.map(u32::from_le_bytes).ok_or_else(truncated)?;
    match bytes.len() as u64 >= 8 + u64::from(length) {
        true => Ok(()),
        false => Err(truncated()),
    }
}

fn problem(error: ImageError) -> Problem {
    match error {
        ImageError::Limits(_) => Problem::TooLarge,
        other => damaged(other),
    }
}
