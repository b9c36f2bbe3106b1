//! Resizing of images to the shape that a model takes.

use image::{
    GrayImage,
    imageops::{self, FilterType},
};

use super::border_mean;
use crate::Images;

/// How an image is fitted into another ratio of height to width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// All of the image is kept and centred on a background with the mean brightness of its
    /// border.
    #[default]
    Pad,
    /// The sides that stick out are cut off equally.
    Crop,
    /// The ratio is changed.
    Stretch,
}

impl Fit {
    /// Returns the size of the part of the image that is kept, and of the area that it fills, rows
    /// and columns each. Both are centred.
    fn areas(self, old: [usize; 2], new: [usize; 2]) -> [[usize; 2]; 2] {
        let ratio = [0, 1].map(|axis| new[axis] as f64 / old[axis] as f64);
        let scaled = |sizes: [usize; 2], scale: f64, limit: [usize; 2]| {
            [0, 1].map(|axis| {
                let size = (sizes[axis] as f64 * scale).round() as usize;
                size.clamp(1, limit[axis])
            })
        };
        match self {
            Fit::Pad => [old, scaled(old, ratio[0].min(ratio[1]), new)],
            Fit::Crop => [scaled(new, 1.0 / ratio[0].max(ratio[1]), old), new],
            Fit::Stretch => [old, new],
        }
    }
}

/// Resizes images to `[channels, rows, columns]`, with antialiasing.
///
/// # Panics
/// Panics if the number of channels differs or a size is 0.
pub fn resized(images: &Images, [channels, rows, cols]: [usize; 3], fit: Fit) -> Images {
    let (old_rows, old_cols) = (images.rows(), images.cols());
    let [kept, filled] = fit.areas([old_rows, old_cols], [rows, cols]);
    let centred = |inner: usize, outer: usize| (outer - inner) / 2;
    let (top, left) = (centred(filled[0], rows), centred(filled[1], cols));

    let mut pixels = Vec::with_capacity(images.count() * channels * rows * cols);
    for plane in images.bytes().chunks(old_rows * old_cols) {
        let ground = border_mean(plane, old_rows, old_cols).round() as u8;
        let old = GrayImage::from_raw(old_cols as u32, old_rows as u32, plane.to_vec());
        let old = old.unwrap_or_else(|| unreachable!("a plane has rows × columns pixels"));
        let part = imageops::crop_imm(
            &old,
            centred(kept[1], old_cols) as u32,
            centred(kept[0], old_rows) as u32,
            kept[1] as u32,
            kept[0] as u32,
        );
        let [height, width] = filled.map(|side| side as u32);
        let new = imageops::resize(&*part, width, height, FilterType::Triangle);
        let mut laid = vec![ground; rows * cols];
        for (row, line) in new.into_raw().chunks(filled[1]).enumerate() {
            laid[(top + row) * cols + left..][..filled[1]].copy_from_slice(line);
        }
        pixels.extend(laid);
    }
    Images::new(pixels, [images.count(), channels, rows, cols])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the bounding box of all pixels that are at least half bright: first and last row,
    /// first and last column.
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
        // A bar of 40x4 pixels in an image of 56x28.
        let bar = |i: usize| {
            if (8..48).contains(&(i / 28)) && (12..16).contains(&(i % 28)) {
                255
            } else {
                0
            }
        };
        let tall = Images::new((0..56 * 28).map(bar).collect(), [1, 1, 56, 28]);
        let scaled = resized(&tall, [1, 28, 28], Fit::Pad);
        assert_eq!(scaled.shape(), [1, 28, 28]);
        assert_eq!(bright_box(&tall), [8, 47, 12, 15]);
        assert_eq!(bright_box(&scaled), [4, 23, 13, 14]);
    }

    #[test]
    fn what_is_padded_has_the_brightness_of_the_border() {
        let paper = Images::new(vec![200; 10 * 30], [1, 1, 10, 30]);
        assert_eq!(
            resized(&paper, [1, 28, 28], Fit::Pad),
            Images::new(vec![200; 784], [1, 1, 28, 28])
        );
    }

    #[test]
    fn the_centre_is_kept_or_all_is_squeezed() {
        // Three bands: black, grey, white.
        let wide = Images::new(
            (0..8 * 24).map(|i| [0, 100, 200][i % 24 / 8]).collect(),
            [1, 1, 8, 24],
        );
        let cropped = resized(&wide, [1, 4, 4], Fit::Crop);
        assert_eq!(cropped, Images::new(vec![100; 16], [1, 1, 4, 4]));
        let stretched = resized(&wide, [1, 1, 3], Fit::Stretch);
        let found = stretched.pixels(0);
        assert!(
            found[0] < 30 && found[1] == 100 && found[2] > 170,
            "{found:?}"
        );
    }
}
