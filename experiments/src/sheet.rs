//! Contact sheets: the first images of each class of a dataset, as one PNG file.

use std::path::Path;

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{ImageFormat, Rgb, RgbImage, imageops};
use serde::Serialize;
use tapeline_data::{Dataset, atomic};

use crate::error::Error;

/// Images of each class.
const ACROSS: usize = 12;

/// Images are enlarged by a whole factor up to this side, or reduced to it.
const SIDE: usize = 64;

/// Pixels between images, and around the sheet.
const GAP: usize = 4;

/// Characters of a class name that are drawn.
const NAME: usize = 16;

/// Width and height of a character.
const CHAR: usize = 8;

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([0, 0, 0]);
const FRAME: Rgb<u8> = Rgb([160, 160, 160]);

/// The number of images of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The name of the class.
    pub class: String,
    /// Number of its images.
    pub images: usize,
}

/// Counts the images of each class if the largest count is more than twice the smallest.
pub fn uneven_counts(data: &Dataset) -> Option<Vec<ClassCount>> {
    let counts = counts(data);
    let images = || counts.iter().map(|count| count.images);
    let is_uneven = images().max() > images().min().map(|smallest| 2 * smallest);
    is_uneven.then_some(counts)
}

/// Counts the images of each class.
pub fn counts(data: &Dataset) -> Vec<ClassCount> {
    let classes = data.classes.iter().zip(data.class_counts());
    classes
        .map(|(class, images)| ClassCount {
            class: class.clone(),
            images,
        })
        .collect()
}

/// Writes a contact sheet as a PNG file: a row for each class, with its name, the number of its
/// images, and the first of them.
///
/// # Errors
/// If the file can't be written; an existing one is then unchanged.
pub fn write(data: &Dataset, file: &Path) -> Result<(), Error> {
    let mut png = std::io::Cursor::new(Vec::new());
    let drawn = draw(data).write_to(&mut png, ImageFormat::Png);
    drawn.map_err(Error::internal)?;
    atomic::write(file, png.get_ref())
        .map_err(|reason| Error::unwritable(format!("{}: cannot write: {reason}", file.display())))
}

/// Draws a contact sheet.
fn draw(data: &Dataset) -> RgbImage {
    let [_, rows, cols] = data.shape();
    let longest = rows.max(cols).max(1);
    let scaled = |side: usize| match longest > SIDE {
        true => (side * SIDE / longest).max(1),
        false => side * (SIDE / longest),
    };
    let (height, width) = (scaled(rows), scaled(cols));
    // Two lines of text must fit beside an image.
    let (row, column) = (height.max(2 * CHAR + GAP) + GAP, width + GAP);
    let left = GAP + NAME * CHAR + GAP;

    let counts = counts(data);
    let size = [left + ACROSS * column, GAP + counts.len() * row].map(|side| side as u32);
    let mut sheet = RgbImage::from_pixel(size[0], size[1], PAPER);
    let mut placed = vec![0; counts.len()];
    for (i, &label) in data.labels.iter().enumerate() {
        let class = usize::from(label);
        if placed[class] < ACROSS {
            let (x, y) = (left + placed[class] * column, GAP + class * row);
            let image = tile(data, i, [width, height]);
            imageops::replace(&mut sheet, &image, x as i64, y as i64);
            placed[class] += 1;
        }
    }
    for (
        class,
        ClassCount {
            class: name,
            images,
        },
    ) in counts.iter().enumerate()
    {
        let top = GAP + class * row;
        text(&mut sheet, name, [GAP, top]);
        text(&mut sheet, &images.to_string(), [GAP, top + CHAR + GAP]);
        if class > 0 {
            let line = (top - GAP / 2 - 1) as u32;
            (0..size[0]).for_each(|x| sheet.put_pixel(x, line, FRAME));
        }
    }
    sheet
}

/// Returns an image in colour, resized: in colour if it has three channels, otherwise its first
/// channel in grey.
fn tile(data: &Dataset, i: usize, [width, height]: [usize; 2]) -> RgbImage {
    let [channels, rows, cols] = data.shape();
    let (pixels, area) = (data.images.pixels(i), rows * cols);
    let image = RgbImage::from_fn(cols as u32, rows as u32, |x, y| {
        let at = y as usize * cols + x as usize;
        match channels {
            3 => Rgb([0, 1, 2].map(|channel| pixels[channel * area + at])),
            _ => Rgb([pixels[at]; 3]),
        }
    });
    let filter = match width >= cols {
        // Enlarged pixels stay visible as squares.
        true => imageops::FilterType::Nearest,
        false => imageops::FilterType::Triangle,
    };
    imageops::resize(&image, width as u32, height as u32, filter)
}

/// Draws a line of text; characters without a glyph are question marks.
fn text(sheet: &mut RgbImage, text: &str, [left, top]: [usize; 2]) {
    for (i, c) in text.chars().take(NAME).enumerate() {
        let glyph = BASIC_FONTS.get(c).or_else(|| LATIN_FONTS.get(c));
        let glyph = glyph.or_else(|| BASIC_FONTS.get('?')).unwrap_or_default();
        for (y, bits) in glyph.into_iter().enumerate() {
            for x in (0..CHAR).filter(|x| bits >> x & 1 == 1) {
                let (x, y) = (left + i * CHAR + x, top + y);
                sheet.put_pixel(x as u32, y as u32, INK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tapeline_data::Images;

    use super::*;

    fn dataset(shape: [usize; 3], labels: Vec<u8>) -> Dataset {
        let [channels, rows, cols] = shape;
        let pixels = labels
            .iter()
            .flat_map(|&label| vec![100 + label; channels * rows * cols]);
        let images = Images::new(pixels.collect(), [labels.len(), channels, rows, cols]);
        let classes = ["a", "a name that is too long", "\u{6f22}"].map(String::from);
        Dataset::new(images, labels, classes).unwrap()
    }

    #[test]
    fn each_class_has_a_row() {
        for shape in [
            [1, 28, 28],
            [3, 200, 100],
            [1, 1, 300],
            [4, 3, 3],
            [1, 1, 1],
        ] {
            let data = dataset(shape, vec![0, 2, 0, 2, 2]);
            let sheet = draw(&data);
            let grey = |label: u8| {
                sheet
                    .pixels()
                    .filter(|pixel| pixel.0 == [100 + label; 3])
                    .count()
            };
            assert!(grey(0) > 0 && 2 * grey(2) == 3 * grey(0), "{shape:?}");
            assert_eq!(grey(1), 0);
            assert!(sheet.pixels().any(|&pixel| pixel == INK));
        }
        let images = [2, 0, 3];
        let found = counts(&dataset([1, 2, 2], vec![0, 2, 0, 2, 2]));
        assert!(found.iter().map(|count| count.images).eq(images));
    }

    #[test]
    fn a_sheet_is_a_png_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sheet.png");
        write(&dataset([1, 5, 5], vec![1]), &file).unwrap();
        let read = image::open(&file).unwrap();
        assert!(read.width() > 64 && read.height() > 64);
        assert!(
            write(
                &dataset([1, 5, 5], vec![1]),
                &folder.path().join("gone/x.png")
            )
            .is_err()
        );
    }
}
