//! IDX files, MNIST and its look-alikes, reproducible batches, augmentation.
//!
//! | module | what it holds |
//! |---|---|
//! | [`idx`] | reading IDX files, raw or gzipped, and bytes; [`write`](mod@write) is its other half |
//! | [`images`] | [`Images`]: many images of one size, as bytes |
//! | [`dataset`] | [`Dataset`]: images with labels and class names; [`Normalisation`] |
//! | [`batches`](mod@batches) | [`Batches`]: the order of an epoch, a function of seed and epoch |
//! | [`augment`] | [`Augmentation`]: images changed at random, `shift(2) rotate(10)`; [`augmentations()`]: the registry |
//! | [`source`] | [`load`]: `mnist`, `fashion-mnist` or a folder |
//! | [`known`](mod@known) | [`known()`]: the names |
//! | `pictures` | `read_picture`: PNG and JPEG, with the feature of that name; `resized` |
//! | [`files`] | opening what comes from outside: files that are named, and files that are found |
//! | [`kind`] | [`identify`]: what a file is, by its first bytes |
//! | [`verify`](mod@verify) | [`verify()`]: counts and checksums of a source's files |
//! | [`error`] | [`DataError`] |
//!
//! With the feature `bundled` the four MNIST files are part of the binary, so that `load("mnist")` works from any folder. A
//! [`Dataset`] is also made from what the `mnist` crate has loaded, by `TryFrom<mnist::Mnist>`.
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
//! let augmentation = Augmentation::read("shift(1) rotate(10)", &augmentations()).unwrap();
//! let (seed, epoch) = (7, 0);
//! let mut seen = 0;
//! for batch in batches(data.len(), 2, seed, epoch).chunks() {
//!     let mut pixels = vec![0.0; batch.len() * 4];
//!     data.gather(batch, Normalisation::default(), &mut pixels);
//!     data.gather_augmented(batch, Normalisation::default(), augmentation.draws(seed, epoch), &mut pixels);
//!     seen += data.labels_of(batch).len();
//! }
//! assert_eq!(seen, 3);
//! # Ok::<(), tapeline_data::DataError>(())
//! ```

pub mod augment;
pub mod batches;
#[cfg(feature = "bundled")]
mod bundled;
pub mod dataset;
pub mod error;
pub mod files;
mod folder;
mod from_mnist;
pub mod idx;
pub mod images;
mod input;
pub mod kind;
pub mod known;
#[cfg(feature = "pictures")]
pub mod pictures;
pub mod source;
pub mod verify;
pub mod write;

pub use augment::{AugmentDef, Augmentation, Change, Draws, Warp, augmentations};
pub use batches::{Batches, batches, in_order};
pub use dataset::{Dataset, Normalisation};
pub use error::DataError;
pub use idx::{read_images, read_images_from, read_labels, read_labels_from};
pub use images::Images;
pub use kind::{FileKind, identify, identify_other};
pub use known::{Known, known};
#[cfg(feature = "pictures")]
pub use pictures::{
    ImageFile, is_dark_on_light, is_image_file, read_image_file, read_picture, read_picture_from,
    resized,
};
pub use source::{Loaded, load};
pub use verify::{FileReport, verify};
pub use write::{write_images, write_labels};
