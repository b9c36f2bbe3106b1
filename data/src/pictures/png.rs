//! Decoding of PNG files.

use std::io::Cursor;

use flate2::Crc;
use image::{
    DynamicImage, ImageDecoder, ImageError, Limits, codecs::png::PngDecoder, metadata::Orientation,
};

use super::{MAX_SIDE, METADATA, Problem, damaged, reserve, truncated};

const SIGNATURE: usize = 8;

/// Decodes a file after checking that all its chunks are present with valid checksums.
pub fn decode(bytes: &[u8], channels: usize) -> Result<(DynamicImage, Orientation), Problem> {
    expect_whole(bytes)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(METADATA);
    let fail = |error| match error {
        ImageError::Limits(_) => Problem::TooLarge,
        other => damaged(other),
    };
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(fail)?;
    let (width, height) = decoder.dimensions();
    let output = u64::from(width) * u64::from(height) * channels as u64;
    reserve(&[bytes.len() as u64, decoder.total_bytes(), output])?;
    let orientation = decoder.orientation().map_err(fail)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    Ok((picture, orientation))
}

/// Checks that the file is complete. The decoder stops once it has all pixels, so it doesn't notice
/// missing or damaged chunks after them.
fn expect_whole(bytes: &[u8]) -> Result<(), Problem> {
    let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
    loop {
        let Some((length, after)) = rest.split_first_chunk() else {
            return Err(truncated());
        };
        let length = u32::from_be_bytes(*length) as usize;
        // A chunk consists of its type, its data and a checksum.
        let chunk = length.checked_add(4).and_then(|length| {
            let (chunk, after) = after.split_at_checked(length)?;
            let (sum, after) = after.split_first_chunk()?;
            Some((chunk, u32::from_be_bytes(*sum), after))
        });
        let (chunk, sum, after) = chunk.ok_or_else(truncated)?;
        let mut found = Crc::new();
        found.update(chunk);
        if found.sum() != sum {
            let kind = String::from_utf8_lossy(&chunk[..4]);
            return Err(damaged(format!(
                "the checksum of its chunk `{kind}` is wrong"
            )));
        }
        if chunk.starts_with(b"IEND") {
            return Ok(());
        }
        rest = after;
    }
}
