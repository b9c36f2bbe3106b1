//! Finding the arrays of images and labels in NumPy archives.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{DataError, error::quoted, npz::Archive};

/// An array in an archive.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub archive: PathBuf,
    pub array: String,
}

impl Place {
    /// Returns archive and array, for messages.
    pub fn file(&self) -> PathBuf {
        self.archive.join(format!("{}.npy", self.array))
    }
}

/// The arrays of a dataset.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    /// Images and labels of training, validation and test data.
    pub parts: [Option<[Place; 2]>; 3],
    /// The names of the classes.
    pub class_names: Option<Place>,
}

/// The names of arrays of images and labels, by part.
const NAMES: [&[[&str; 2]]; 3] = [
    &[
        ["train_images", "train_labels"],
        ["x_train", "y_train"],
        ["images", "labels"],
        ["x", "y"],
    ],
    &[["val_images", "val_labels"], ["x_val", "y_val"]],
    &[["test_images", "test_labels"], ["x_test", "y_test"]],
];

/// The array of an archive with only one.
const ONLY: &str = "arr_0";

impl Arrays {
    /// Finds the arrays in an archive, in those next to it, or in those in a folder.
    pub fn find(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            let arrays = Arrays::beside(path, "")?;
            return match arrays.is_empty() {
                false => Ok(arrays),
                true => Err(DataError::invalid(
                    path,
                    "holds no archives with names such as kmnist-train-imgs.npz and kmnist-train-labels.npz",
                )),
            };
        }
        let archive = Archive::open(path)?;
        let place = |name: &str| Place {
            archive: path.into(),
            array: name.into(),
        };
        let mut arrays = Arrays::default();
        for (part, names) in arrays.parts.iter_mut().zip(NAMES) {
            let mut found = names
                .iter()
                .filter(|pair| pair.iter().any(|name| archive.has(name)));
            let Some([images, labels]) = found.next() else {
                continue;
            };
            for name in [images, labels] {
                if !archive.has(name) {
                    let held = quoted(&archive.names());
                    let problem = format!("has no array `{name}`; it has {held}");
                    return Err(DataError::invalid(path, problem));
                }
            }
            *part = Some([place(images), place(labels)]);
        }
        if archive.has("class_names") {
            arrays.class_names = Some(place("class_names"));
        }
        match arrays.is_empty() {
            false => Ok(arrays),
            true if archive.has(ONLY) => Arrays::next_to(path),
            true => Err(DataError::invalid(
                path,
                format!(
                    "has the arrays {}, wanted train_images and train_labels, or x_train and y_train",
                    quoted(&archive.names())
                ),
            )),
        }
    }

    /// Finds the archives that belong to one of them.
    fn next_to(path: &Path) -> Result<Self, DataError> {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let Some((prefix, _)) = role(name) else {
            return Err(DataError::invalid(
                path,
                format!("holds only `{ONLY}`, and its name doesn't say which"),
            )
            .help("name the archives like kmnist-train-imgs.npz and kmnist-train-labels.npz"));
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Arrays::beside(folder.unwrap_or(Path::new(".")), prefix)
    }

    /// Finds the archives in a folder whose names begin with `prefix` and say what they hold.
    pub fn beside(folder: &Path, prefix: &str) -> Result<Self, DataError> {
        let failed = |reason| DataError::Io {
            file: folder.into(),
            doing: "list",
            reason,
        };
        let mut places: [[Option<Place>; 2]; 3] = Default::default();
        let entries = fs::read_dir(folder).map_err(failed)?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        paths.sort_unstable();
        for path in paths {
            let name = path.file_name().and_then(OsStr::to_str);
            let Some((begin, [part, kind])) = name.and_then(role) else {
                continue;
            };
            if !prefix.is_empty() && begin != prefix {
                continue;
            }
            if let Some(other) = &places[part][kind] {
                let (one, other) = (other.archive.display(), path.display());
                let problem = format!("both {one} and {other} may be meant");
                return Err(DataError::invalid(folder, problem)
                    .help("give the path of one of the archives instead of the folder"));
            }
            places[part][kind] = Some(Place {
                archive: path,
                array: ONLY.into(),
            });
        }
        let mut arrays = Arrays::default();
        for (found, part) in arrays.parts.iter_mut().zip(places) {
            *found = match part {
                [Some(images), Some(labels)] => Some([images, labels]),
                [None, None] => None,
                [Some(only), None] | [None, Some(only)] => {
                    let problem = "there is no archive of its images or labels next to it";
                    return Err(DataError::invalid(only.archive, problem));
                }
            };
        }
        Ok(arrays)
    }

    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Option::is_none)
    }
}

/// Returns the beginning of a file name, and what it says about the part and whether the file holds
/// images (0) or labels (1).
fn role(name: &str) -> Option<(&str, [usize; 2])> {
    let stem = name.strip_suffix(".npz")?;
    let words: Vec<_> = stem.split(['-', '_', '.']).collect();
    let parts = [&["train"][..], &["val"], &["test"]];
    let kinds = [&["imgs", "images"][..], &["labels"]];
    let find = |all: &[&[&str]]| {
        all.iter()
            .position(|known| words.iter().any(|word| known.contains(word)))
    };
    let (part, kind) = (find(&parts)?, find(&kinds)?);
    let begin = words.iter().position(|word| parts[part].contains(word))?;
    let length: usize = words[..begin].iter().map(|word| word.len() + 1).sum();
    Some((&stem[..length], [part, kind]))
}
