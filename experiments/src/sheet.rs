//! Contact sheets: images of a dataset, or what augmentation makes of them, as one PNG file.

use std::path::Path;

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{ImageFormat, Rgb, RgbImage, imageops};
use serde::Serialize;
use tapeline_data::{Augmentation, Dataset, Images, Normalisation, PerChannel, atomic};

use crate::error::Error;

/// Images in a row.
const ACROSS: usize = 12;

/// Rows of a sheet of augmented images.
const DOWN: usize = 20;

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
    save(&draw(data.shape(), &classes(data)), file)
}

/// Writes a contact sheet as a PNG file: a row for the first image of each class, with its index, the
/// image itself, and what augmentation makes of it in epochs 1 to 11 of a run with this seed.
///
/// Of a dataset with more than 20 classes, the first 20 are shown.
///
/// # Errors
/// If the file can't be written; an existing one is then unchanged.
pub fn write_augmented(
    data: &Dataset,
    augmentation: &Augmentation,
    seed: u64,
    file: &Path,
) -> Result<(), Error> {
    save(
        &draw(data.shape(), &augmented(data, augmentation, seed)),
        file,
    )
}

fn save(sheet: &RgbImage, file: &Path) -> Result<(), Error> {
    let mut png = std::io::Cursor::new(Vec::new());
    let drawn = sheet.write_to(&mut png, ImageFormat::Png);
    drawn.map_err(Error::internal)?;
    atomic::write(file, png.get_ref())
        .map_err(|reason| Error::unwritable(format!("{}: cannot write: {reason}", file.display())))
}

/// A row of a sheet: two lines of text, and images.
struct Row {
    text: [String; 2],
    images: Vec<Images>,
}

/// Returns a row for each class.
fn classes(data: &Dataset) -> Vec<Row> {
    let row = |count: ClassCount| Row {
        text: [count.class, count.images.to_string()],
        images: Vec::new(),
    };
    let mut rows: Vec<_> = counts(data).into_iter().map(row).collect();
    for (i, &label) in data.labels.iter().enumerate() {
        let images = &mut rows[usize::from(label)].images;
        if images.len() < ACROSS {
            images.push(data.images.range(i..i + 1));
        }
    }
    rows
}

/// Returns a row for the first image of each class.
fn augmented(data: &Dataset, augmentation: &Augmentation, seed: u64) -> Vec<Row> {
    let in_bytes = Normalisation {
        scale: 1.0,
        mean: PerChannel::all(0.0),
        std: PerChannel::all(1.0),
    };
    let [channels, rows, cols] = data.shape();
    let in_epoch = |i: usize, epoch: usize| {
        let mut pixels = vec![0.0; data.images.area()];
        let draws = augmentation.draws(seed, epoch as u64);
        data.gather_augmented(&[i], in_bytes, draws, &mut pixels);
        let pixels = pixels.iter().map(|pixel| pixel.round() as u8).collect();
        Images::new(pixels, [1, channels, rows, cols])
    };
    let first = |class: usize| {
        let i = data
            .labels
            .iter()
            .position(|&label| usize::from(label) == class)?;
        let original = data.images.range(i..i + 1);
        Some(Row {
            text: [data.classes[class].clone(), format!("image {i}")],
            images: [original]
                .into_iter()
                .chain((1..ACROSS).map(|epoch| in_epoch(i, epoch)))
                .collect(),
        })
    };
    (0..data.classes.len())
        .filter_map(first)
        .take(DOWN)
        .collect()
}

/// Draws a contact sheet of images of `[channels, rows, columns]`.
fn draw([_, rows, cols]: [usize; 3], lines: &[Row]) -> RgbImage {
    let longest = rows.max(cols).max(1);
    let scaled = |side: usize| match longest > SIDE {
        true => (side * SIDE / longest).max(1),
        false => side * (SIDE / longest),
    };
    let (height, width) = (scaled(rows), scaled(cols));
    // Two lines of text must fit beside an image.
    let (row, column) = (height.max(2 * CHAR + GAP) + GAP, width + GAP);
    let left = GAP + NAME * CHAR + GAP;

    let size = [left + ACROSS * column, GAP + lines.len() * row].map(|side| side as u32);
    let mut sheet = RgbImage::from_pixel(size[0], size[1], PAPER);
    for (i, line) in lines.iter().enumerate() {
        let top = GAP + i * row;
        for (image, x) in line.images.iter().zip((left..).step_by(column)) {
            let image = tile(image, [width, height]);
            imageops::replace(&mut sheet, &image, x as i64, top as i64);
        }
        text(&mut sheet, &line.text[0], [GAP, top]);
        text(&mut sheet, &line.text[1], [GAP, top + CHAR + GAP]);
        if i > 0 {
            let line = (top - GAP / 2 - 1) as u32;
            (0..size[0]).for_each(|x| sheet.put_pixel(x, line, FRAME));
        }
    }
    sheet
}

/// Returns a single image in colour, resized: in colour if it has three channels, otherwise its first
/// channel in grey.
fn tile(image: &Images, [width, height]: [usize; 2]) -> RgbImage {
    let [channels, rows, cols] = image.shape();
    let (pixels, area) = (image.pixels(0), rows * cols);
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
    use tapeline_data::augmentations;

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
            let sheet = draw(shape, &classes(&data));
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
    fn augmented_images_follow_the_image_itself() {
        let data = dataset([3, 10, 10], vec![2, 2, 0, 2]);
        let augmentation = Augmentation::read("brightness(0.5)", &augmentations()).unwrap();
        let rows = augmented(&data, &augmentation, 3);
        let found: Vec<_> = rows.iter().map(|row| row.text.clone()).collect();
        assert_eq!(found, [["a", "image 2"], ["\u{6f22}", "image 0"]]);
        for (row, value) in rows.iter().zip([100, 102]) {
            assert_eq!(row.images.len(), ACROSS);
            assert_eq!(row.images[0].pixels(0), [value; 300]);
            let different = row.images.iter().filter(|image| *image != &row.images[0]);
            assert!(different.count() > 8);
        }
        let again = augmented(&data, &augmentation, 4);
        assert!(again[0].images != rows[0].images);
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
