//! PNG and JPEG pictures as [`Images`], and what makes them look like those that a model has learned.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use image::{
    DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader,
    Limits, Rgb,
    imageops::{self, FilterType},
};

use tapeline_spec::printable;

use crate::{DataError, Images};

/// The most pixels that a picture may have along a side.
const MAX_SIDE: u32 = 8192;

/// The most bytes that the pixels of a picture may take.
const MAX_BYTES: u64 = 256 << 20;

/// Reads a PNG or JPEG file as one image of 1 channel, grey, or 3, red, green and blue: palettes and depths become bytes, transparency is laid
/// on white, the orientation tag is followed. What the file is, its first bytes tell.
///
/// # Errors
/// When the file cannot be read, is neither PNG nor JPEG, is damaged (then a decoder's panic may be told to the panic hook, too), or has more than 8192 pixels along a side or 256 MiB of them; when
/// `channels` is neither 1 nor 3.
pub fn read_picture(file: impl AsRef<Path>, channels: usize) -> Result<Images, DataError> {
    let file = file.as_ref();
    expect_channels(channels, file)?;
    let opened = File::open(file).map_err(|reason| DataError::Io {
        file: file.into(),
        doing: "open",
        reason,
    })?;
    picture(BufReader::new(opened), channels, file)
}

/// Reads a picture from the bytes of a file; `name` stands in error messages.
///
/// # Errors
/// As [`read_picture`].
pub fn read_picture_from(
    bytes: &[u8],
    channels: usize,
    name: impl AsRef<Path>,
) -> Result<Images, DataError> {
    expect_channels(channels, name.as_ref())?;
    picture(Cursor::new(bytes), channels, name.as_ref())
}

fn wrong(file: &Path, problem: String) -> DataError {
    DataError::Picture {
        file: file.into(),
        problem,
    }
}

fn expect_channels(channels: usize, file: &Path) -> Result<(), DataError> {
    match channels {
        1 | 3 => Ok(()),
        _ => Err(wrong(
            file,
            format!("a picture has 1 or 3 channels, but the model takes {channels}"),
        )),
    }
}

fn picture(reader: impl BufRead + Seek, channels: usize, file: &Path) -> Result<Images, DataError> {
    let fail = |problem| wrong(file, problem);
    let reader = ImageReader::new(reader).with_guessed_format();
    let mut reader = reader.map_err(|reason| DataError::Io {
        file: file.into(),
        doing: "read",
        reason,
    })?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(fail("is neither PNG nor JPEG nor IDX".into()));
    }
    reader.limits(limits());
    let decode = || {
        let mut decoder = reader.into_decoder()?;
        limits().reserve(decoder.total_bytes())?;
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        Ok(picture)
    };
    // The decoder of JPEG panics on some damaged files. It holds nothing but what is dropped on the way.
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    let decoded = decoded.map_err(|_| fail("is damaged: its decoder gave up".into()))?;
    let picture = on_white(decoded.map_err(|reason| match reason {
        ImageError::Limits(_) => {
            let megabytes = MAX_BYTES >> 20;
            fail(format!(
                "is larger than a picture may be: {MAX_SIDE}x{MAX_SIDE} pixels, {megabytes} MiB"
            ))
        }
        reason => fail(printable(&format!("is damaged: {reason}"))),
    })?);

    let [rows, cols] = [picture.height(), picture.width()].map(|size| size as usize);
    let pixels = match channels {
        1 => picture.to_luma8().into_raw(),
        _ => {
            let pixels = picture.to_rgb8().into_raw();
            (0..3)
                .flat_map(|channel| pixels.iter().skip(channel).step_by(3))
                .copied()
                .collect()
        }
    };
    Ok(Images::new(pixels, [1, channels, rows, cols]))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    limits
}

/// A picture as it looks on white paper.
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

/// Whether the border of image `i` is light, and lighter than what it surrounds: ink on paper, where MNIST has light on dark.
///
/// # Panics
/// When there is no image `i`.
pub fn is_dark_on_light(images: &Images, i: usize) -> bool {
    let pixels = images.pixels(i);
    let planes = pixels.chunks(images.rows() * images.cols());
    let border = planes
        .map(|plane| border_mean(plane, images.rows(), images.cols()))
        .sum::<f64>()
        / images.channels() as f64;
    border > 127.0 && border > mean(pixels.iter())
}

/// The mean of the outermost pixels of a plane.
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

/// Images of another size, `[channels, rows, columns]` with as many channels: each is scaled until it fits, keeping its aspect, and laid in the
/// middle of a ground of its border's brightness.
///
/// # Panics
/// When the channels differ, or a size is 0.
pub fn resized(images: &Images, [channels, rows, cols]: [usize; 3]) -> Images {
    let (old_rows, old_cols) = (images.rows(), images.cols());
    let scale = (rows as f64 / old_rows as f64).min(cols as f64 / old_cols as f64);
    let fit = |old: usize, limit: usize| ((old as f64 * scale).round() as usize).clamp(1, limit);
    let (new_rows, new_cols) = (fit(old_rows, rows), fit(old_cols, cols));
    let (top, left) = ((rows - new_rows) / 2, (cols - new_cols) / 2);

    let mut pixels = Vec::with_capacity(images.count() * channels * rows * cols);
    for plane in images.bytes().chunks(old_rows * old_cols) {
        let ground = border_mean(plane, old_rows, old_cols).round() as u8;
        let old = GrayImage::from_raw(old_cols as u32, old_rows as u32, plane.to_vec());
        let old = old.unwrap_or_else(|| unreachable!("a plane has rows × columns pixels"));
        let new = imageops::resize(&old, new_cols as u32, new_rows as u32, FilterType::Triangle);
        let mut laid = vec![ground; rows * cols];
        for (row, line) in new.into_raw().chunks(new_cols).enumerate() {
            laid[(top + row) * cols + left..][..new_cols].copy_from_slice(line);
        }
        pixels.extend(laid);
    }
    Images::new(pixels, [images.count(), channels, rows, cols])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows and columns of the box around all pixels that are at least half bright, ends included.
    fn bright_box(images: &Images) -> [usize; 4] {
        let bright: Vec<_> = (0..images.area())
            .filter(|&i| images.pixels(0)[i] > 127)
            .collect();
        let rows = bright.iter().map(|i| i / images.cols());
        let cols = bright.iter().map(|i| i % images.cols());
        [
            rows.clone().min(),
            rows.max(),
            cols.clone().min(),
            cols.max(),
        ]
        .map(Option::unwrap)
    }

    #[test]
    fn scaling_keeps_the_aspect_and_does_not_turn() {
        // A bar of 40x4 pixels in 56 rows of 28.
        let bar = |i: usize| {
            if (8..48).contains(&(i / 28)) && (12..16).contains(&(i % 28)) {
                255
            } else {
                0
            }
        };
        let tall = Images::new((0..56 * 28).map(bar).collect(), [1, 1, 56, 28]);
        let scaled = resized(&tall, [1, 28, 28]);
        assert_eq!(scaled.shape(), [1, 28, 28]);
        assert_eq!(bright_box(&tall), [8, 47, 12, 15]);
        assert_eq!(bright_box(&scaled), [4, 23, 13, 14]);
    }

    #[test]
    fn what_is_padded_has_the_brightness_of_the_border() {
        let paper = Images::new(vec![200; 10 * 30], [1, 1, 10, 30]);
        assert_eq!(
            resized(&paper, [1, 28, 28]),
            Images::new(vec![200; 784], [1, 1, 28, 28])
        );
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
