//! The IDX files of which a dataset consists: on disk, or embedded in the binary.

use std::path::PathBuf;

use crate::{
    DataError, Images,
    idx::{self, Arrangement},
    input::Input,
};

/// One file of a dataset.
pub(crate) struct SourceFile {
    /// Its path, or its name if it is embedded in the binary.
    pub file: PathBuf,
    pub place: Place,
    /// SHA-256 of its uncompressed bytes, if known.
    pub sha256: Option<&'static str>,
}

pub(crate) enum Place {
    #[cfg(feature = "bundled")]
    Bytes(&'static [u8]),
    File(PathBuf),
}

impl SourceFile {
    pub fn open(&self) -> Result<Input<'static>, DataError> {
        match &self.place {
            #[cfg(feature = "bundled")]
            Place::Bytes(bytes) => Ok(Input::bytes(bytes)),
            Place::File(file) => Input::open_found(file),
        }
    }

    pub fn images(&self, to: Arrangement) -> Result<Images, DataError> {
        let input = self.open()?;
        idx::images(input.reader, input.length, &self.file, to)
    }

    pub fn labels(&self) -> Result<Vec<u8>, DataError> {
        let input = self.open()?;
        idx::labels(input.reader, input.length, &self.file)
    }
}
