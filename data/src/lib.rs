//! Datasets of labelled images by name, reproducible batches, and augmentation.
//!
//! | module | contents |
//! |---|---|
//! | [`idx`] | reading of IDX files, which may be gzipped, and of their bytes; [`write`](mod@write) is the counterpart |
//! | [`images`] | [`Images`]: images of one size, as bytes |
//! | [`dataset`] | [`Dataset`]: images with labels and class names |
//! | [`normalisation`] | [`Normalisation`]: from pixels to input values |
//! | [`batches`](mod@batches) | [`Batches`]: the order of an epoch, which depends only on seed and epoch |
//! | [`augment`] | [`Augmentation`]: random augmentation, such as `shift(2) rotate(10)`; [`augmentations()`]: the registry |
//! | [`datasets`](mod@datasets) | [`load`]: `mnist`, `images("photos")` or a path; [`datasets()`]: the registry |
//! | [`holdout`] | [`Holdout`]: a part of the images, with the classes in the same proportions |
//! | `pictures` | `read_picture`: PNG, JPEG, WebP, BMP and GIF, with the feature of that name; `resized` |
//! | [`atomic`] | atomic writing of files |
//! | [`files`] | opening of external files: those named by the user, and those found in folders |
//! | [`kind`] | [`identify`]: detection of file types by their first bytes |
//! | [`error`] | [`DataError`] |
//!
//! | feature | adds |
//! |---|---|
//! | `pictures` | picture files: the dataset `images` |
//! | `tables` | CSV files and NumPy archives: the datasets `csv` and `npz` |
//! | `bundled` | MNIST |
//!
//! With the feature `bundled`, the four MNIST files are embedded in the binary, so that
//! `load("mnist")` works from any folder. A [`Dataset`] can also be created from data loaded by the
//! `mnist` crate, with `TryFrom<mnist::Mnist>`.
//!
//! ```
//! use tapeline_data::{
//!     Augmentation, Dataset, Normalisation, augmentations, batches, read_images_from, read_labels_from,
//! };
//!
//! let images = b"\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b";
//! let labels = b"\0\0\x08\x01\0\0\0\x03\0\x01\0";
//! let data = Dataset::new(
//!     read_images_from(images, "three images")?,
//!     read_labels_from(labels, "three labels")?,
//!     ["even", "odd"].map(String::from),
//! )?;
//! assert_eq!((data.len(), data.shape()), (3, [1, 2, 2]));
//!
//! let augmentation = Augmentation::read("shift(1) rotate(10)", &augmentations())?;
//! let (seed, epoch) = (7, 0);
//! let mut seen = 0;
//! for batch in batches(data.len(), 2, seed, epoch).chunks() {
//!     let mut pixels = vec![0.0; batch.len() * 4];
//!     data.gather(batch, Normalisation::default(), &mut pixels);
//!     data.gather_augmented(batch, Normalisation::default(), augmentation.draws(seed, epoch), &mut pixels);
//!     seen += data.labels_of(batch).len();
//! }
//! assert_eq!(seen, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod atomic;
pub mod augment;
pub mod batches;
mod classes;
pub mod dataset;
pub mod datasets;
pub mod error;
pub mod files;
mod from_mnist;
pub mod holdout;
pub mod idx;
pub mod images;
mod input;
pub mod kind;
mod layout;
pub mod normalisation;
#[cfg(feature = "tables")]
mod npy;
#[cfg(feature = "tables")]
mod npz;
#[cfg(feature = "pictures")]
pub mod pictures;
mod preparation;
mod statistics;
mod storage;
pub mod write;

/// The arrays and random number generators in signatures of this crate.
pub use {ndarray, rand, rand_chacha};

pub use augment::{AugmentDef, Augmentation, Change, Draws, Mix, Mixture, Warp, augmentations};
pub use batches::{Batches, batches, in_order};
pub use dataset::Dataset;
pub use datasets::{
    DataSource, DatasetDef, FileReport, LoadOptions, Loaded, Loading, Lookup, datasets, load,
    verify,
};
pub use error::DataError;
pub use holdout::Holdout;
pub use idx::{read_images, read_images_from, read_labels, read_labels_from};
pub use images::Images;
pub use kind::{FileKind, identify, identify_other};
pub use normalisation::{Normalisation, PerChannel};
#[cfg(feature = "pictures")]
pub use pictures::{
    Digit, Fit, ImageFile, digit, is_dark_on_light, is_image_file, read_image_file, read_picture,
    read_picture_from, resized,
};
pub use preparation::Preparation;
pub use statistics::{Figure, Statistics};
pub use write::{write_images, write_labels};
