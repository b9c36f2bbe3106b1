//! Lookup of the four files of a dataset in a folder, under either common naming scheme.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use super::file::{Place, SourceFile};
use crate::DataError;

/// A role, the start of its file's name, and the possible endings.
type Role = (&'static str, &'static str, &'static [&'static str]);

/// The number of sizes in a name means nothing: files of `idx3` may have channels.
const IMAGES: &[&str] = &["idx3-ubyte", "idx4-ubyte"];
const LABELS: &[&str] = &["idx1-ubyte"];

const ROLES: [Role; 4] = [
    ("training images", "train-images", IMAGES),
    ("training labels", "train-labels", LABELS),
    ("test images", "t10k-images", IMAGES),
    ("test labels", "t10k-labels", LABELS),
];

/// Returns whether one of these is a file of a dataset.
pub(crate) fn any(held: &BTreeSet<OsString>) -> bool {
    any_of(&ROLES, held)
}

fn any_of(roles: &[Role], held: &BTreeSet<OsString>) -> bool {
    let mut names = roles
        .iter()
        .flat_map(|&(_, stem, endings)| names(stem, endings));
    names.any(|name| held.contains(Path::new(&name).as_os_str()))
}

/// The files of a dataset: images and labels.
pub(crate) struct IdxFiles {
    pub train: [SourceFile; 2],
    pub test: Option<[SourceFile; 2]>,
}

/// Finds the files in a folder, which may have none of test data. Also returns a note for each
/// choice between several files.
pub(crate) fn find(folder: &Path) -> Result<(IdxFiles, Vec<String>), DataError> {
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
    let mut part = |(role, stem, endings): Role| {
        let wanted = names(stem, endings);
        let mut present = wanted
            .iter()
            .filter(|name| held.contains(Path::new(name).as_os_str()));
        let Some(chosen) = present.next() else {
            return Err(DataError::Missing {
                folder: folder.into(),
                role,
                wanted: wanted.clone(),
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
        Ok(SourceFile {
            file: file.clone(),
            place: Place::File(file),
            sha256: None,
        })
    };
    let [a, b, c, d] = ROLES;
    let train = [part(a)?, part(b)?];
    let test = match any_of(&ROLES[2..], &held) {
        true => Some([part(c)?, part(d)?]),
        false => None,
    };
    Ok((IdxFiles { train, test }, notes))
}

/// Returns the accepted file names in order of preference: uncompressed files come first, since
/// they are faster to read.
fn names(stem: &str, endings: &[&str]) -> Vec<String> {
    let all = ["", ".gz"].into_iter().flat_map(|packed| {
        let endings = endings.iter();
        endings.flat_map(move |ending| ["-", "."].map(|mark| (mark, *ending, packed)))
    });
    all.map(|(mark, ending, packed)| format!("{stem}{mark}{ending}{packed}"))
        .collect()
}
