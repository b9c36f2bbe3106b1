//! Datasets in the spec language: `mnist`, `images("photos", size=32)`, or only a path.
//!
//! | module | contents |
//! |---|---|
//! | [`definition`] | [`DatasetDef`]: an entry of the registry; [`LoadOptions`], [`Loading`] |
//! | [`source`] | [`DataSource`]: a dataset that was found by its name, call or path |
//! | [`lookup`] | [`Lookup`]: what lies at a path, by which definitions recognise it |
//! | [`loaded`] | [`Loaded`]: training, validation and test data, with notes and warnings |
//! | [`verify`](mod@verify) | [`verify()`], [`FileReport`]: counts, checksums and faults |
//!
//! Each entry of the registry has its own file.

mod args;
#[cfg(feature = "bundled")]
mod bundled;
mod cifar;
mod cifar10;
mod cifar100;
#[cfg(feature = "tables")]
mod csv;
#[cfg(feature = "tables")]
mod csv_lines;
#[cfg(feature = "tables")]
mod csv_pixels;
pub mod definition;
mod fashion_mnist;
mod file;
#[cfg(feature = "pictures")]
mod folders;
mod idx;
mod idx_files;
#[cfg(feature = "pictures")]
mod images;
#[cfg(feature = "pictures")]
mod listed;
pub mod loaded;
pub mod lookup;
mod mnist;
#[cfg(feature = "tables")]
mod npz;
#[cfg(feature = "tables")]
mod npz_arrays;
#[cfg(feature = "tables")]
mod npz_values;
#[cfg(feature = "pictures")]
mod picture_args;
pub mod source;
pub mod verify;

use tapeline_spec::{Arg, Registry};

pub use definition::{DatasetDef, LoadOptions, Loading, Verify};
pub use loaded::Loaded;
pub use lookup::Lookup;
pub use source::{DataSource, load};
pub use verify::{FileReport, verify};

/// The argument that is the file or folder of a dataset.
pub const PATH: Arg<String> = Arg::new("path", "file or folder");

/// Returns the registry of all datasets, which [`Registry::with`] extends with custom ones.
///
/// `images` needs the feature `pictures`; `csv` and `npz` need `tables`.
///
/// ```
/// let datasets = tapeline_data::datasets();
/// assert!(["cifar10", "cifar100", "fashion_mnist", "idx", "mnist"].iter().all(|name| datasets.get(name).is_some()));
/// ```
pub fn datasets() -> Registry<DatasetDef> {
    let all = [
        cifar10::CIFAR10,
        cifar100::CIFAR100,
        #[cfg(feature = "tables")]
        csv::CSV,
        fashion_mnist::FASHION_MNIST,
        idx::IDX,
        #[cfg(feature = "pictures")]
        images::IMAGES,
        mnist::MNIST,
        #[cfg(feature = "tables")]
        npz::NPZ,
    ];
    all.into_iter()
        .try_fold(Registry::new("dataset"), Registry::with)
        .expect("definitions that differ in name")
}
