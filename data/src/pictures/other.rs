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

/// Checks that the file and each of its chunks are as long as their headers say. The decoder stops
/// once it has all pixels, and allocates a chunk of metadata by its header.
fn expect_whole_webp(bytes: &[u8]) -> Result<(), Problem> {
    let length = |from: usize| {
        let length = bytes.get(from..from + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(length)).ok()
    };
    let end = length(4).ok_or_else(truncated)?.saturating_add(8);
    if bytes.len() < end {
        return Err(truncated());
    }
    // The file type, then chunks: a name, a length, and data that are padded to an even length.
    let mut place = 12;
    while place < end {
        let chunk = length(place + 4).ok_or_else(truncated)?;
        place = place.saturating_add(8).saturating_add(chunk);
        if place > end {
            return Err(truncated());
        }
        place += place % 2;
    }
    Ok(())
}

fn problem(error: ImageError) -> Problem {
    match error {
        ImageError::Limits(_) => Problem::TooLarge,
        other => damaged(other),
    }
}
