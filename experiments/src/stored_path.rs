//! Paths in TOML and JSON.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// A path that is serialized as a string, or as an array of bytes if it isn't valid Unicode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct StoredPath(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a path: a string, or an array of bytes")]
enum Stored {
    Text(String),
    Bytes(Vec<u8>),
}

impl StoredPath {
    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the absolute path, if it can be determined.
    pub fn absolute(&self) -> Option<StoredPath> {
        std::path::absolute(&self.0).ok().map(StoredPath)
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for StoredPath {
    fn from(path: &P) -> Self {
        StoredPath(path.as_ref().into())
    }
}

impl From<Stored> for StoredPath {
    fn from(stored: Stored) -> Self {
        StoredPath(match stored {
            Stored::Text(text) => text.into(),
            Stored::Bytes(bytes) => from_bytes(bytes),
        })
    }
}

impl From<StoredPath> for Stored {
    fn from(StoredPath(path): StoredPath) -> Self {
        match path.into_os_string().into_string() {
            Ok(text) => Stored::Text(text),
            Err(other) => Stored::Bytes(other.into_encoded_bytes()),
        }
    }
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

impl fmt::Display for StoredPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        path: StoredPath,
    }

    proptest! {
        #[test]
        fn any_path_is_read_as_it_was_written(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            for path in [from_bytes(bytes), text.into()] {
                let file = File { path: StoredPath(path) };
                let toml = toml::to_string(&file).unwrap();
                prop_assert_eq!(&toml::from_str::<File>(&toml).unwrap(), &file);
                let json = serde_json::to_string(&file).unwrap();
                prop_assert_eq!(&serde_json::from_str::<File>(&json).unwrap(), &file);
            }
        }
    }
}
