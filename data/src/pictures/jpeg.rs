//! JPEG files.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use zune_jpeg::{
    ImageInfo, JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{MAX_SIDE, Problem, damaged, reserve};

const STANDALONE: [u8; 9] = [0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7];
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// Decodes a file that is there to its end, and without errors in its compressed data.
///
/// The decoder behind `image` makes up for both: it fills with grey what is missing or can't be decoded.
pub fn decode(bytes: &[u8], channels: usize) -> Result<(DynamicImage, Orientation), Problem> {
    let scans = scans(bytes)?;
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
    if width.max(height) > MAX_SIDE {
        return Err(Problem::TooLarge);
    }
    let (colors, count) = match found {
        ColorSpace::Luma => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let area = u64::from(width) * u64::from(height);
    reserve(&[
        // The decoder copies its metadata.
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
    let picture = picture.ok_or_else(|| damaged("it holds another number of pixels"))?;
    Ok((picture, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Bytes that the decoder takes for coefficients, of which it holds all when they come in several scans.
fn coefficients(info: &ImageInfo, scans: usize) -> u64 {
    if scans == 1 && !info.sof.is_progressive() {
        return 0;
    }
    // Sides are filled up to whole blocks, of 32 pixels at most.
    let [width, height] =
        [info.width, info.height].map(|side| u64::from(side).next_multiple_of(32));
    2 * width * height * u64::from(info.components)
}

/// The number of scans in a file that is there up to the mark of its end. What follows that is not looked at.
fn scans(bytes: &[u8]) -> Result<usize, Problem> {
    let mut scans = 0;
    let mut place = 2;
    loop {
        place = marker(bytes, place)?;
        match bytes[place] {
            END_OF_IMAGE if scans == 0 => return Err(damaged("it has no pixels")),
            END_OF_IMAGE => return Ok(scans),
            code if STANDALONE.contains(&code) => place += 1,
            code => {
                let length = bytes.get(place + 1..place + 3).ok_or_else(truncated)?;
                place += 1 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                scans += usize::from(code == START_OF_SCAN);
            }
        }
    }
}

/// The place of the code of the next marker: behind 0xff, and neither a fill byte nor the zero by which data has 0xff in it.
fn marker(bytes: &[u8], from: usize) -> Result<usize, Problem> {
    let rest = bytes.get(from..).ok_or_else(truncated)?;
    let place = rest
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff));
    place.map(|place| from + place + 1).ok_or_else(truncated)
}

fn truncated() -> Problem {
    damaged("the file is truncated")
}
