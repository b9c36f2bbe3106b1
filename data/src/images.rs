//! Images as bytes.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use ndarray::ArrayView4;

use crate::{
    DataError,
    storage::{Pixels, Storage},
};

/// A sequence of images of one size, with one byte per pixel and channel, in the order `[count,
/// channels, rows, columns]`.
///
/// Clones and ranges share the pixels.
#[derive(Clone)]
pub struct Images {
    pixels: Arc<Pixels>,
    /// Index of the first pixel, since a range of images is a view.
    start: usize,
    count: usize,
    shape: [usize; 3],
}

impl Images {
    /// Creates images from their pixels and sizes `[count, channels, rows, columns]`.
    ///
    /// # Panics
    /// Panics if the number of pixels isn't the product of the sizes, or if the size of an image
    /// overflows.
    pub fn new(pixels: Vec<u8>, sizes: [usize; 4]) -> Self {
        Images::stored(Pixels::Memory(pixels), sizes)
    }

    /// Same as [`new`](Images::new), with pixels that may be in a file.
    pub(crate) fn stored(pixels: Pixels, sizes: [usize; 4]) -> Self {
        let [count, channels, rows, cols] = sizes;
        assert_eq!(
            Some(pixels.len()),
            sizes
                .iter()
                .rev()
                .try_fold(1usize, |product, &n| product.checked_mul(n)),
            "Images::new: pixels and the product of {sizes:?} differ"
        );
        Images {
            pixels: Arc::new(pixels),
            start: 0,
            count,
            shape: [channels, rows, cols],
        }
    }

    /// Returns the number of images.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the shape of an image: `[channels, rows, columns]`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Returns the number of channels; 1 for greyscale.
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Returns the number of rows of an image.
    pub fn rows(&self) -> usize {
        self.shape[1]
    }

    /// Returns the number of columns of an image.
    pub fn cols(&self) -> usize {
        self.shape[2]
    }

    /// Returns the number of bytes of an image: channels × rows × columns.
    pub fn area(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the bytes of all images.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels[self.start..self.start + self.count * self.area()]
    }

    /// Returns the number of these bytes in memory: all, or 0 if they are in a temporary file.
    pub fn bytes_in_memory(&self) -> usize {
        match *self.pixels {
            Pixels::Memory(_) => self.bytes().len(),
            Pixels::Mapped(..) => 0,
        }
    }

    /// Returns the bytes of image `i`.
    ///
    /// # Panics
    /// Panics if `i` is out of bounds.
    #[inline]
    pub fn pixels(&self, i: usize) -> &[u8] {
        assert!(
            i < self.count,
            "Images::pixels: image {i} of {}",
            self.count
        );
        &self.bytes()[i * self.area()..][..self.area()]
    }

    /// Returns all images as an array `[count, channels, rows, columns]`.
    pub fn view(&self) -> ArrayView4<'_, u8> {
        let [channels, rows, cols] = self.shape;
        ArrayView4::from_shape((self.count, channels, rows, cols), self.bytes())
            .expect("sizes are checked in `new`")
    }

    /// Returns a range of the images, sharing the pixels.
    ///
    /// # Panics
    /// Panics if the range is out of bounds.
    pub fn range(&self, range: Range<usize>) -> Images {
        assert!(
            range.start <= range.end && range.end <= self.count,
            "Images::range: {range:?} of {} images",
            self.count
        );
        Images {
            start: self.start + range.start * self.area(),
            count: range.len(),
            ..self.clone()
        }
    }

    /// Returns a copy of the images at `indices`, in that order.
    ///
    /// # Panics
    /// Panics if an index is out of bounds.
    pub(crate) fn select(&self, indices: &[usize], storage: &Storage) -> Result<Images, DataError> {
        let size = indices.len() * self.area();
        let mut writer = storage.writer(size as u64, Path::new("images"))?;
        writer.reserve(size);
        for &i in indices {
            writer.write(self.pixels(i))?;
        }
        let [channels, rows, cols] = self.shape;
        Ok(Images::stored(
            writer.finish()?,
            [indices.len(), channels, rows, cols],
        ))
    }

    /// Returns a storage of the kind in which these images are stored.
    pub(crate) fn storage(&self) -> Storage {
        self.pixels.storage()
    }

    /// Returns the images with rows and columns swapped, as needed for EMNIST: pixel (r, c) becomes
    /// pixel (c, r).
    pub fn transposed(&self) -> Images {
        let [channels, rows, cols] = self.shape;
        let mut pixels = Vec::with_capacity(self.bytes().len());
        for plane in self.bytes().chunks((rows * cols).max(1)) {
            for c in 0..cols {
                pixels.extend(plane[c..].iter().step_by(cols).take(rows));
            }
        }
        Images::new(pixels, [self.count, channels, cols, rows])
    }
}

impl PartialEq for Images {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.shape == other.shape && self.bytes() == other.bytes()
    }
}

impl Eq for Images {}

impl fmt::Debug for Images {
    /// Formats the sizes only, since a dataset has millions of pixels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("count", &self.count)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
