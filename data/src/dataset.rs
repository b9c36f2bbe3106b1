//! Labelled images.

use std::{ops::Range, path::Path, sync::Arc};

use ndarray::{ArrayView3, ArrayViewMut3};
use sha2::{Digest, Sha256};

use crate::{DataError, Draws, Holdout, Images, Mixture, Normalisation, holdout::fold};

/// A dataset of labelled images with class names. Clones and ranges share the pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The images.
    pub images: Images,
    /// The class of each image, an index into `classes`.
    pub labels: Arc<[u8]>,
    /// The names of the classes.
    pub classes: Arc<[String]>,
}

impl Dataset {
    /// Creates a dataset from images, labels and class names.
    ///
    /// # Errors
    /// Returns an error if the numbers of images and labels differ, or a label isn't below the
    /// number of classes.
    pub fn new(
        images: Images,
        labels: impl Into<Arc<[u8]>>,
        classes: impl Into<Arc<[String]>>,
    ) -> Result<Self, DataError> {
        Dataset::of(images, labels.into(), classes.into(), Path::new("data set"))
    }

    /// Same as [`new`](Dataset::new), with the name of the label file for errors.
    pub(crate) fn of(
        images: Images,
        labels: Arc<[u8]>,
        classes: Arc<[String]>,
        file: &Path,
    ) -> Result<Self, DataError> {
        expect_counts(&images, &labels, file)?;
        check_labels(&labels, classes.len(), file)?;
        Ok(Dataset {
            images,
            labels,
            classes,
        })
    }

    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.images.count()
    }

    /// Returns whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the shape of an image: `[channels, rows, columns]`.
    pub fn shape(&self) -> [usize; 3] {
        self.images.shape()
    }

    /// Returns a range of the images with their labels.
    ///
    /// # Panics
    /// Panics if the range is out of bounds.
    pub fn take(&self, range: Range<usize>) -> Dataset {
        Dataset {
            images: self.images.range(range.clone()),
            labels: self.labels[range].into(),
            classes: self.classes.clone(),
        }
    }

    /// Returns the first `n` images, or all if there are fewer.
    pub fn limit(&self, n: usize) -> Dataset {
        self.take(0..n.min(self.len()))
    }

    /// Splits off some of the images, for example for validation, with the classes in the same
    /// proportions.
    ///
    /// Returns the remaining images and those that were split off, each in the order of this
    /// dataset. Which ones are chosen is a function of the labels and the seed.
    ///
    /// # Errors
    /// Returns an error if no images would remain, or if images that are stored in a file can't be
    /// copied.
    pub fn split(&self, held: Holdout, seed: u64) -> Result<(Dataset, Dataset), DataError> {
        let (rest, held) = held.split(&self.labels, seed)?;
        Ok((self.select(&rest)?, self.select(&held)?))
    }

    /// Splits the images into `parts` parts of equal size, with the classes in the same proportions,
    /// and returns the images of all parts but one, and those of that `part`, counted from 0. Both
    /// are in the order of this dataset. The parts are a function of the labels and the seed.
    ///
    /// # Errors
    /// Returns an error if there are fewer than two parts or fewer images than parts, or if images
    /// that are stored in a file can't be copied.
    ///
    /// # Panics
    /// Panics if `part` is not below `parts`.
    #[track_caller]
    pub fn fold(
        &self,
        part: usize,
        parts: usize,
        seed: u64,
    ) -> Result<(Dataset, Dataset), DataError> {
        assert!(part < parts, "Dataset::fold: part {part} of {parts}");
        let (others, part) = fold(&self.labels, part, parts, seed)?;
        Ok((self.select(&others)?, self.select(&part)?))
    }

    /// Returns the images at some indices.
    fn select(&self, indices: &[usize]) -> Result<Dataset, DataError> {
        Ok(Dataset {
            images: self.images.select(indices, &self.images.storage())?,
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
            classes: self.classes.clone(),
        })
    }

    /// Returns the dataset with rows and columns of each image swapped.
    pub fn transposed(&self) -> Dataset {
        Dataset {
            images: self.images.transposed(),
            ..self.clone()
        }
    }

    /// Writes the normalized images at `indices` into `out`, `[indices, channels, rows, columns]`.
    ///
    /// # Panics
    /// Panics if `out` has another size, or an index is out of bounds.
    #[inline(always)]
    pub fn gather(&self, indices: &[usize], scale: Normalisation, out: &mut [f32]) {
        let plain = scale.is_plain();
        for (i, out) in self.places(indices, out) {
            if plain {
                // Skip the division, which doesn't change the result here.
                let pixels = out.iter_mut().zip(self.images.pixels(i));
                pixels.for_each(|(out, &pixel)| *out = f32::from(pixel) * scale.scale);
                continue;
            }
            let plane = self.plane();
            let planes = out
                .chunks_mut(plane)
                .zip(self.images.pixels(i).chunks(plane));
            for (channel, (out, pixels)) in planes.enumerate() {
                let pixels = out.iter_mut().zip(pixels);
                let normalized = scale.of_channel(channel);
                pixels.for_each(|(out, &pixel)| *out = normalized(f32::from(pixel)));
            }
        }
    }

    /// Same as [`gather`](Dataset::gather), but augments the images with `draws`, and mixes them,
    /// before normalizing them.
    ///
    /// Images that aren't changed by the augmentation are bit-identical to those of `gather`.
    ///
    /// # Panics
    /// Panics if `out` has another size, or an index is out of bounds.
    pub fn gather_augmented(
        &self,
        indices: &[usize],
        scale: Normalisation,
        draws: Draws<'_>,
        out: &mut [f32],
    ) {
        for (i, out) in self.places(indices, out) {
            draws.apply(i, self.images.pixels(i), self.shape(), out);
            if let Some((other, mix)) = draws.mix(i, self.len(), self.size()) {
                let mut pixels = vec![0.0; out.len()];
                draws.apply(other, self.images.pixels(other), self.shape(), &mut pixels);
                let image = ArrayViewMut3::from_shape(self.shape(), &mut *out);
                let pixels = ArrayView3::from_shape(self.shape(), &pixels);
                mix.apply(
                    image.expect("`out` has this size"),
                    pixels.expect("`pixels` has the size of `out`"),
                );
            }
            for (channel, plane) in out.chunks_mut(self.plane()).enumerate() {
                let normalized = scale.of_channel(channel);
                plane
                    .iter_mut()
                    .for_each(|pixel| *pixel = normalized(*pixel));
            }
        }
    }

    /// Returns the targets of the images at `indices` as [`gather_augmented`] mixes them.
    ///
    /// Without mixing, the share of an image's own class is 1.
    ///
    /// # Panics
    /// Panics if an index is out of bounds.
    ///
    /// [`gather_augmented`]: Dataset::gather_augmented
    pub fn mixtures(&self, indices: &[usize], draws: Draws<'_>) -> Vec<Mixture> {
        let mixture = |&i: &usize| match draws.mix(i, self.len(), self.size()) {
            Some((other, mix)) => Mixture {
                classes: [i, other].map(|i| self.labels[i].into()),
                share: mix.share(self.size()),
            },
            None => Mixture {
                classes: [self.labels[i].into(); 2],
                share: 1.0,
            },
        };
        indices.iter().map(mixture).collect()
    }

    /// Returns the rows and columns of an image.
    fn size(&self) -> [usize; 2] {
        [self.images.rows(), self.images.cols()]
    }

    /// Returns the number of pixels of a channel; 1 if there are none.
    #[inline(always)]
    fn plane(&self) -> usize {
        (self.images.rows() * self.images.cols()).max(1)
    }

    /// Pairs each index with the part of `out` that its image fills.
    #[inline(always)]
    fn places<'o>(
        &self,
        indices: &[usize],
        out: &'o mut [f32],
    ) -> impl Iterator<Item = (usize, &'o mut [f32])> {
        let area = self.images.area();
        assert_eq!(
            out.len(),
            indices.len() * area,
            "Dataset::gather: size of `out` for {} images",
            indices.len()
        );
        indices
            .iter()
            .copied()
            .zip(out.chunks_exact_mut(area.max(1)))
    }

    /// Returns the number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        let labels = self.labels.iter();
        labels.for_each(|&label| counts[usize::from(label)] += 1);
        counts
    }

    /// Returns the labels at `indices`.
    ///
    /// # Panics
    /// Panics if an index is out of bounds.
    pub fn labels_of(&self, indices: &[usize]) -> Vec<usize> {
        indices.iter().map(|&i| self.labels[i].into()).collect()
    }

    /// Returns the SHA-256, in hexadecimal, of count and shape (little-endian, 8 bytes each),
    /// pixels and labels.
    pub fn sha256(&self) -> String {
        let mut sum = Sha256::new();
        let [channels, rows, cols] = self.shape();
        for size in [self.len(), channels, rows, cols] {
            sum.update((size as u64).to_le_bytes());
        }
        sum.update(self.images.bytes());
        sum.update(&self.labels);
        format!("{:x}", sum.finalize())
    }
}

/// Checks that there is one label for each image; `file` holds the labels.
pub(crate) fn expect_counts(images: &Images, labels: &[u8], file: &Path) -> Result<(), DataError> {
    match images.count() == labels.len() {
        true => Ok(()),
        false => Err(DataError::Counts {
            file: file.into(),
            images: images.count(),
            labels: labels.len(),
        }),
    }
}

fn check_labels(labels: &[u8], classes: usize, file: &Path) -> Result<(), DataError> {
    match labels
        .iter()
        .position(|&label| usize::from(label) >= classes)
    {
        None => Ok(()),
        Some(position) => Err(DataError::Label {
            file: file.into(),
            label: labels[position],
            position,
            classes,
        }),
    }
}
