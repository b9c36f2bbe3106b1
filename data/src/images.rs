//! Images as bytes.

use std::{fmt, ops::Range, sync::Arc};

use ndarray::ArrayView4;

/// Many images of one size, a byte a pixel: image after image, channel after channel, row after row.
///
/// Clones and ranges share the pixels.
#[derive(Clone)]
pub struct Images {
    pixels: Arc<Vec<u8>>,
    /// Index of the first pixel: a range of images is a view.
    start: usize,
    count: usize,
    shape: [usize; 3],
}

impl Images {
    /// Images from their pixels and `[count, channels, rows, columns]`.
    ///
    /// # Panics
    /// When the number of pixels is not the product of the sizes, or that of an image can't be counted.
    pub fn new(pixels: Vec<u8>, sizes: [usize; 4]) -> Self {
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

    /// Number of images.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `[channels, rows, columns]` of an image.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of channels: 1 for grey.
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Rows of an image.
    pub fn rows(&self) -> usize {
        self.shape[1]
    }

    /// Columns of an image.
    pub fn cols(&self) -> usize {
        self.shape[2]
    }

    /// Number of bytes of an image: channels × rows × columns.
    pub fn area(&self) -> usize {
        self.shape.iter().product()
    }

    /// The bytes of all images.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels[self.start..self.start + self.count * self.area()]
    }

    /// The bytes of image `i`.
    ///
    /// # Panics
    /// When there is no image `i`.
    #[inline]
    pub fn pixels(&self, i: usize) -> &[u8] {
        assert!(
            i < self.count,
            "Images::pixels: image {i} of {}",
            self.count
        );
        &self.bytes()[i * self.area()..][..self.area()]
    }

    /// All images as an array `[count, channels, rows, columns]`.
    pub fn view(&self) -> ArrayView4<'_, u8> {
        let [channels, rows, cols] = self.shape;
        ArrayView4::from_shape((self.count, channels, rows, cols), self.bytes())
            .expect("sizes are checked in `new`")
    }

    /// A range of the images; shares the pixels.
    ///
    /// # Panics
    /// When the range goes beyond the images.
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

    /// The images with rows and columns swapped, as EMNIST needs: pixel (r, c) becomes pixel (c, r).
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
    /// Sizes only: a data set has millions of pixels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("count", &self.count)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
