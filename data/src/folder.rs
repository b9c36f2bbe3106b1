//! Lookup of the four files of a dataset in a folder, under either common naming scheme.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use crate::{
    DataError,
    part::{Part, Place},
};

const ROLES: [(&str, &str, &str); 4] = [
    ("training images", "train-images", "idx3-ubyte"),
    ("training labels", "train-labels", "idx1-ubyte"),
    ("test images", "t10k-images", "idx3-ubyte"),
    ("test labels", "t10k-labels", "idx1-ubyte"),
];

/// Finds the training images, training labels, test images and test labels in a folder. Also
/// returns a note for each choice between several files.
pub(crate) fn find(folder: &Path) -> Result<([Part; 4], Vec<String>), DataError> {
    let failed = |reason| DataError::Io {
        file: folder.into(),
        doing: "list",
        reason,
    };
    let held = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<BTreeSet<OsString>, _>>()
        .map_err(failed)?;

    let mut notes = Vec::new();
    let mut part = |(role, stem, ending): (&'static str, &str, &str)| {
        let wanted = names(stem, ending);
        let mut present = wanted
            .iter()
            .filter(|name| held.contains(Path::new(name).as_os_str()));
        let Some(chosen) = present.next() else {
            return Err(DataError::Missing {
                folder: folder.into(),
                role,
                wanted: wanted.to_vec(),
                found: held
                    .iter()
                    .map(|name| name.to_string_lossy().into_owned())
                    .collect(),
            });
        };
        let others: Vec<&str> = present.map(String::as_str).collect();
        if !others.is_empty() {
            notes.push(format!(
                "{role}: {chosen} is read, not {}",
                others.join(", ")
            ));
        }
        let file = folder.join(chosen);
        Ok(Part {
            file: file.clone(),
            place: Place::File(file),
            sha256: None,
        })
    };
    let [a, b, c, d] = ROLES;
    let parts = [part(a)?, part(b)?, part(c)?, part(d)?];
    Ok((parts, notes))
}

/// Returns the accepted file names in order of preference: uncompressed files come first, since
/// they are faster to read.
fn names(stem: &str, ending: &str) -> [String; 4] {
    [
        format!("{stem}-{ending}"),
        format!("{stem}.{ending}"),
        format!("{stem}-{ending}.gz"),
        format!("{stem}.{ending}.gz"),
    ]
}
