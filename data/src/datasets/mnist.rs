use super::{DatasetDef, FileReport, Loaded, Loading};
#[cfg(feature = "bundled")]
use super::{bundled, idx::load_files, verify};
use crate::DataError;
#[cfg(feature = "bundled")]
use crate::{Preparation, layout::Layout};

pub(super) const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The images of handwritten digits by Y. LeCun, C. Cortes and C. J. C. Burges. The feature
/// `bundled` embeds them in the binary.
pub(super) const MNIST: DatasetDef = DatasetDef {
    name: "mnist",
    about: "handwritten digits, 60000 + 10000 images of 28x28",
    examples: &["mnist"],
    origin: "bundled; Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0",
    available: || cfg!(feature = "bundled"),
    load,
    verify: Some(check),
    ..DatasetDef::BASE
};

#[cfg(feature = "bundled")]
fn load(loading: &Loading) -> Result<Loaded, DataError> {
    let loaded = load_files(bundled::mnist(), &CLASSES, Some(Layout::Chw), loading)?;
    Ok(Loaded {
        preparation: Preparation::Mnist,
        ..loaded
    })
}

#[cfg(feature = "bundled")]
fn check(_: &Loading) -> Result<Vec<FileReport>, DataError> {
    Ok(verify::idx_files(bundled::mnist(), Some(Layout::Chw)))
}

#[cfg(not(feature = "bundled"))]
fn load(_: &Loading) -> Result<Loaded, DataError> {
    Err(unavailable())
}

#[cfg(not(feature = "bundled"))]
fn check(_: &Loading) -> Result<Vec<FileReport>, DataError> {
    Err(unavailable())
}

#[cfg(not(feature = "bundled"))]
fn unavailable() -> DataError {
    let how = "not part of this build; build with the feature `bundled`, or give the path of a folder with its four files";
    DataError::Unavailable {
        name: "mnist",
        how: how.into(),
    }
}
