//! Reading of picture files as [`Images`], and conversion to the size and polarity that a model
//! expects.

mod budget;
mod digit;
mod fit;
mod jpeg;
mod many;
mod other;
mod png;
mod scans;

use std::{
    io::{BufReader, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use flate2::read::GzDecoder;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb, metadata::Orientation};

use tapeline_spec::printable;

use crate::{
    DataError, Images,
    files::{self, Peeked},
    identify, idx,
    input::Input,
};

pub use digit::{Digit, digit};
pub use fit::{Fit, resized};
pub(crate) use many::{Common, Frame, is_picture, read_all, survey};

/// The maximum width and height in pixels.
const MAX_SIDE: u32 = 8192;

/// The maximum memory for reading an image file: the file, the decoder's buffers and the result.
const MAX_BYTES: u64 = 256 << 20;

/// The maximum size of an image file.
const MAX_FILE: u64 = MAX_BYTES / 2;

/// Memory reserved for metadata, as a part of [`MAX_BYTES`].
const METADATA: u64 = 8 << 20;

/// Number of rows converted at once.
const STRIP: u32 = 16;

/// Memory reserved for converting strips, as a part of [`MAX_BYTES`].
const STRIPS: u64 = 8 << 20;

/// What is wrong with an image file.
enum Problem {
    TooLarge,
    Damaged(String),
}

fn damaged(reason: impl ToString) -> Problem {
    Problem::Damaged(reason.to_string())
}

fn truncated() -> Problem {
    damaged("the file is truncated")
}

/// Checks that buffers of these sizes fit into the memory limit together.
fn reserve(sizes: &[u64]) -> Result<(), Problem> {
    let sum = sizes
        .iter()
        .fold(0u64, |sum, &size| sum.saturating_add(size));
    match sum <= MAX_BYTES - METADATA - STRIPS {
        true => Ok(()),
        false => Err(Problem::TooLarge),
    }
}

/// Reads a PNG, JPEG, WebP, BMP or GIF file as one image with 1 channel (grey) or 3 channels (RGB).
///
/// Palettes and other bit depths are converted to bytes, transparent pixels are blended onto white,
/// and the orientation tag is applied. Of an animation, the first frame is read. The format is
/// detected from the first bytes. The file may be a pipe.
///
/// # Errors
/// Returns an error if the file can't be read, is not such a picture, or is damaged: truncated,
/// with a wrong checksum, or with compressed data that can't be decoded (a panic of the decoder may
/// then also be reported to the panic hook). Also returns an error if the image has more than 8192
/// pixels along a side, if decoding would take more than 256 MiB of memory, or if `channels` is
/// neither 1 nor 3.
pub fn read_picture(file: impl AsRef<Path>, channels: usize) -> Result<Images, DataError> {
    let file = file.as_ref();
    let opened = files::open(file).map_err(|reason| io_error(file, "open", reason))?;
    let about = opened.metadata();
    let length = about.map_or(0, |about| about.len().min(MAX_FILE));
    picture(&whole(opened, length, file)?, channels, file)
}

/// Decodes an image from the bytes of a picture file; `name` is used in error messages.
///
/// # Errors
/// Same as [`read_picture`].
pub fn read_picture_from(
    bytes: &[u8],
    channels: usize,
    name: impl AsRef<Path>,
) -> Result<Images, DataError> {
    picture(bytes, channels, name.as_ref())
}

/// The contents of a file of images.
pub enum ImageFile {
    /// A picture.
    Picture(Images),
    /// The images of an IDX file, which may be gzipped.
    Idx(Images),
}

/// Reads a picture or an IDX file in one pass, detecting the format from the first bytes.
///
/// `name` is used in error messages.
///
/// # Errors
/// Same as [`read_picture`] and [`read_images`](crate::read_images).
pub fn read_image_file(
    reader: impl Read,
    channels: usize,
    name: impl AsRef<Path>,
) -> Result<ImageFile, DataError> {
    let name = name.as_ref();
    let fail = |reason| io_error(name, "read", reason);
    let peeked = Peeked::new(reader).map_err(fail)?;
    match peeked.head[..] {
        [0, 0, ..] | [0x1f, 0x8b, ..] => {
            let input = Input::sniff(BufReader::new(peeked.reader()), None).map_err(fail)?;
            idx::plain_images(input, name).map(ImageFile::Idx)
        }
        _ => {
            let bytes = whole(peeked.reader(), 0, name)?;
            picture(&bytes, channels, name).map(ImageFile::Picture)
        }
    }
}

/// Returns whether a file found in a folder contains images, judging by its first bytes: a picture
/// that [`read_picture`] reads, or an IDX file of images, which may be gzipped.
///
/// Returns `false` for anything but a regular file, without opening it.
pub fn is_image_file(file: impl AsRef<Path>) -> bool {
    let head = |file| Peeked::new(files::open_regular(file)?).map(|peeked| peeked.head);
    let Ok(head) = head(file.as_ref()) else {
        return false;
    };
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut start = Vec::new();
        // The head is truncated, so decompression ends with an error; the bytes before it are
        // enough.
        let _ = GzDecoder::new(&head[..]).take(4).read_to_end(&mut start);
        return matches!(start[..], [0, 0, 8, 3 | 4]);
    }
    format(&head).is_some() || head.starts_with(&[0, 0, 8, 3]) || head.starts_with(&[0, 0, 8, 4])
}

/// Returns the format of a picture, by its first bytes.
fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', ..] => Some(ImageFormat::Gif),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(ImageFormat::WebP),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(ImageFormat::Bmp),
        _ => None,
    }
}

fn io_error(file: &Path, doing: &'static str, reason: std::io::Error) -> DataError {
    DataError::Io {
        file: file.into(),
        doing,
        reason,
    }
}

/// Reads an image file into memory; `length` is its expected size.
fn whole(reader: impl Read, length: u64, file: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::with_capacity(length as usize);
    reader
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|reason| io_error(file, "read", reason))?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(wrong(file, too_large())),
        false => Ok(bytes),
    }
}

fn wrong(file: &Path, problem: String) -> DataError {
    DataError::Picture {
        file: file.into(),
        problem,
    }
}

fn too_large() -> String {
    let megabytes = MAX_BYTES >> 20;
    format!(
        "is too large, wanted at most {MAX_SIDE}x{MAX_SIDE} pixels and {megabytes} MiB of memory for decoding"
    )
}

fn picture(bytes: &[u8], channels: usize, file: &Path) -> Result<Images, DataError> {
    let fail = |problem| wrong(file, problem);
    if !matches!(channels, 1 | 3) {
        return Err(fail(format!(
            "a picture has 1 or 3 channels, but the model takes {channels}"
        )));
    }
    let Some(format) = format(bytes) else {
        return Err(not_a_picture(bytes, file));
    };
    let (picture, orientation) = guarded(file, || match format {
        ImageFormat::Png => png::decode(bytes, channels),
        ImageFormat::Jpeg => jpeg::decode(bytes, channels),
        _ => other::decode(bytes, format, channels),
    })?;
    Ok(converted(&picture, orientation, channels))
}

/// Calls a decoder. Some panic on damaged files; they hold only values that unwinding drops.
fn guarded<T>(file: &Path, decode: impl FnOnce() -> Result<T, Problem>) -> Result<T, DataError> {
    let fail = |problem| wrong(file, problem);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    let decoded = decoded.map_err(|_| fail("is damaged: its decoder failed".into()))?;
    decoded.map_err(|problem| match problem {
        Problem::TooLarge => fail(too_large()),
        Problem::Damaged(reason) => fail(printable(&format!("is damaged: {reason}"))),
    })
}

fn not_a_picture(bytes: &[u8], file: &Path) -> DataError {
    let wanted = "a PNG, JPEG, WebP, BMP, GIF or IDX file";
    let problem = match identify(bytes) {
        Some(kind) => kind.instead_of(wanted),
        None => format!("is of unknown type, wanted {wanted}"),
    };
    wrong(file, problem)
}

/// Converts a decoded image to bytes: blends it onto white and applies its orientation. Works in
/// strips, so that it needs little more memory than the result.
fn converted(picture: &DynamicImage, orientation: Orientation, channels: usize) -> Images {
    let (width, height) = (picture.width(), picture.height());
    let [cols, rows] = match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => [width, height],
        _ => [height, width],
    }
    .map(|side| side as usize);
    let area = rows * cols;
    let mut pixels = vec![0; channels * area];
    for top in (0..height).step_by(STRIP as usize) {
        let strip = on_white(picture.crop_imm(0, top, width, STRIP.min(height - top)));
        let strip = match channels {
            1 => strip.into_luma8().into_raw(),
            _ => strip.into_rgb8().into_raw(),
        };
        for (i, values) in (0..).zip(strip.chunks_exact(channels)) {
            let [x, y] = turned([i % width, top + i / width], [width, height], orientation);
            let place = y as usize * cols + x as usize;
            for (channel, &value) in values.iter().enumerate() {
                pixels[channel * area + place] = value;
            }
        }
    }
    Images::new(pixels, [1, channels, rows, cols])
}

/// Returns the coordinates of a pixel after applying the orientation.
fn turned([x, y]: [u32; 2], [width, height]: [u32; 2], orientation: Orientation) -> [u32; 2] {
    let (left, up) = (width - 1 - x, height - 1 - y);
    match orientation {
        Orientation::NoTransforms => [x, y],
        Orientation::Rotate90 => [up, x],
        Orientation::Rotate180 => [left, up],
        Orientation::Rotate270 => [y, left],
        Orientation::FlipHorizontal => [left, y],
        Orientation::FlipVertical => [x, up],
        Orientation::Rotate90FlipH => [y, x],
        Orientation::Rotate270FlipH => [up, left],
    }
}

/// Blends an image onto a white background.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    const FULL: u64 = u16::MAX as u64;
    let picture = picture.into_rgba16();
    let laid = ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0.map(u64::from);
        Rgb([r, g, b]
            .map(|value| ((value * alpha + FULL * (FULL - alpha) + FULL / 2) / FULL) as u16))
    });
    DynamicImage::ImageRgb16(laid)
}

/// Returns whether image `i` is dark on light, like ink on paper: its border is light, and lighter
/// than the image on average. (MNIST is light on dark.)
///
/// # Panics
/// Panics if `i` is out of bounds.
pub fn is_dark_on_light(images: &Images, i: usize) -> bool {
    let pixels = images.pixels(i);
    let planes = pixels.chunks(images.rows() * images.cols());
    let border = planes
        .map(|plane| border_mean(plane, images.rows(), images.cols()))
        .sum::<f64>()
        / images.channels() as f64;
    border > 127.0 && border > mean(pixels.iter())
}

/// Returns the mean of the outermost pixels of a plane.
fn border_mean(plane: &[u8], rows: usize, cols: usize) -> f64 {
    let is_border = |&(i, _): &(usize, &u8)| {
        let (row, col) = (i / cols, i % cols);
        row == 0 || col == 0 || row + 1 == rows || col + 1 == cols
    };
    mean(
        plane
            .iter()
            .enumerate()
            .filter(is_border)
            .map(|(_, pixel)| pixel),
    )
}

fn mean<'p>(pixels: impl Iterator<Item = &'p u8>) -> f64 {
    let (sum, count) = pixels.fold((0, 0), |(sum, count), &pixel| {
        (sum + u64::from(pixel), count + 1)
    });
    sum as f64 / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use image::GrayImage;

    use super::*;

    #[test]
    fn pixels_are_turned_as_the_image_crate_turns_them() {
        let picture = GrayImage::from_fn(5, 3, |x, y| [(x * 10 + y) as u8].into());
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut wanted = DynamicImage::from(picture.clone());
            wanted.apply_orientation(orientation);
            let found = converted(&picture.clone().into(), orientation, 1);
            let [rows, cols] = [wanted.height(), wanted.width()].map(|side| side as usize);
            let wanted = Images::new(wanted.into_luma8().into_raw(), [1, 1, rows, cols]);
            assert_eq!(found, wanted, "{orientation:?}");
        }
    }

    #[test]
    fn ink_on_paper_is_told_from_light_on_dark() {
        let dot = |ground: u8, figure: u8| {
            let mut pixels = vec![ground; 49];
            pixels[24] = figure;
            is_dark_on_light(&Images::new(pixels, [1, 1, 7, 7]), 0)
        };
        assert!(dot(255, 0) && dot(180, 100));
        assert!(!dot(0, 255) && !dot(255, 255) && !dot(100, 0));
    }
}
