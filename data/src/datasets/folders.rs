//! Picture files in class subfolders, alone or below `train`, `val` and `test`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use tapeline_spec::quote;

use super::args::part_named;
use crate::{DataError, pictures::is_picture};

/// Depth of the folders that are searched to recognise a dataset: class folders below `train`, and
/// two more.
const DEPTH: usize = 4;

/// The class folders of the parts of a dataset, and what was passed over.
#[derive(Default)]
pub(super) struct Folders {
    /// Training, validation and test data.
    pub parts: [Vec<ClassFolder>; 3],
    /// Number of hidden files and folders.
    pub hidden: usize,
    /// Number of files that are not pictures.
    pub others: usize,
    /// Number of pictures outside of class folders.
    pub outside: usize,
    /// Names of folders next to `train` that are no part of the dataset.
    pub ignored: Vec<String>,
}

/// The pictures of one class.
pub(super) struct ClassFolder {
    pub name: String,
    pub folder: PathBuf,
    /// Paths sorted by bytes.
    pub pictures: Vec<PathBuf>,
}

/// Returns whether the folder looks like class subfolders: one of its folders has a picture.
pub(super) fn has_pictures(root: &Path) -> bool {
    let folders = visible(root).filter(|path| path.is_dir());
    folders
        .into_iter()
        .any(|folder| find_picture(&folder, DEPTH))
}

fn find_picture(folder: &Path, depth: usize) -> bool {
    visible(folder).any(|path| match path.is_dir() {
        true => depth > 1 && find_picture(&path, depth - 1),
        false => is_picture(&path),
    })
}

/// Returns the paths in a folder that aren't hidden; none if it can't be listed.
fn visible(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let paths = list(folder).unwrap_or_default().into_iter();
    paths.filter(|path| !is_hidden(path))
}

impl Folders {
    /// Lists the pictures below a folder. Neither depends on the order in which the file system
    /// lists them.
    ///
    /// # Errors
    /// Returns all errors at once: folders that can't be listed, links that lead back to a folder
    /// that contains them, classes without pictures, names that aren't UTF-8.
    pub fn find(root: &Path) -> Result<Self, DataError> {
        let mut folders = Folders::default();
        let mut top = list(root)?;
        top.retain(|path| path.is_dir() && !is_hidden(path));
        let mut parts = [const { Vec::new() }; 3];
        match are_parts(&top) {
            true => {
                for folder in folders.subfolders(root)? {
                    match part_of(&folder) {
                        Some(part) => parts[part].push(folder),
                        None => folders.ignored.extend(folder.file_name().map(lossy)),
                    }
                }
            }
            false => parts[0].push(root.into()),
        }
        let mut results = Vec::new();
        for (i, found) in parts.iter().enumerate() {
            match &found[..] {
                [] => {}
                [folder] => results.push(folders.part(i, folder)),
                [one, other, ..] => {
                    let (one, other) = (one.display(), other.display());
                    let problem = format!("{one} and {other} are the same part of the data");
                    results.push(Err(DataError::invalid(root, problem)));
                }
            }
        }
        DataError::all(results)?;
        Ok(folders)
    }

    /// Lists the pictures of a part. Each class of the training data must have some.
    fn part(&mut self, part: usize, folder: &Path) -> Result<(), DataError> {
        let before = self.outside;
        let subfolders = self.subfolders(folder)?;
        if subfolders.is_empty() {
            return Err(no_classes(folder, self.outside - before));
        }
        let classes = self.classes(folder, &subfolders)?;
        let empty = |class: &ClassFolder| {
            let problem = "holds no pictures, wanted some of its class";
            DataError::invalid(&class.folder, problem)
                .help("remove the folder if this is not a class")
        };
        let faults = classes
            .iter()
            .filter(|class| part == 0 && class.pictures.is_empty());
        DataError::all::<()>(faults.map(|class| Err(empty(class))).collect())?;
        self.parts[part] = classes;
        Ok(())
    }

    /// Returns the folders in a folder, and counts its files.
    fn subfolders(&mut self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let mut found = Vec::new();
        for path in list(folder)? {
            match (is_hidden(&path), path.is_dir()) {
                (true, _) => self.hidden += 1,
                (false, true) => found.push(path),
                (false, false) if is_picture(&path) => self.outside += 1,
                (false, false) => self.others += 1,
            }
        }
        Ok(found)
    }

    /// Lists the pictures of all classes of one part.
    fn classes(&mut self, part: &Path, found: &[PathBuf]) -> Result<Vec<ClassFolder>, DataError> {
        let top = fs::canonicalize(part).unwrap_or(part.into());
        let class = |folder: &PathBuf| {
            let mut class = ClassFolder {
                name: name(folder)?,
                folder: folder.clone(),
                pictures: Vec::new(),
            };
            self.walk(folder, &mut vec![top.clone()], &mut class.pictures)?;
            class
                .pictures
                .sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
            Ok(class)
        };
        DataError::all(found.iter().map(class).collect())
    }

    /// Collects the pictures in a folder and those below it; `above` are the folders that contain
    /// it.
    fn walk(
        &mut self,
        folder: &Path,
        above: &mut Vec<PathBuf>,
        pictures: &mut Vec<PathBuf>,
    ) -> Result<(), DataError> {
        let place = fs::canonicalize(folder).map_err(|reason| io_error(folder, reason))?;
        if above.contains(&place) {
            return Err(DataError::invalid(
                folder,
                format!(
                    "is a link to a folder that contains it, {}",
                    place.display()
                ),
            )
            .help("remove the link"));
        }
        above.push(place);
        let mut results = Vec::new();
        for path in list(folder)? {
            if is_hidden(&path) {
                self.hidden += 1;
            } else if path.is_dir() {
                results.push(self.walk(&path, above, pictures));
            } else if is_picture(&path) {
                pictures.push(path);
            } else {
                self.others += 1;
            }
        }
        above.pop();
        DataError::all(results).map(|_| ())
    }

    /// Returns notes about what was passed over.
    pub fn notes(&self) -> Vec<String> {
        let counted = [
            (self.hidden, "hidden files or folders"),
            (self.others, "files that are not pictures"),
            (self.outside, "pictures outside of the class folders"),
        ];
        let mut counts: Vec<String> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what} ({count})"))
            .collect();
        let more = match self.ignored.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let ignored = self.ignored.first();
        counts.extend(ignored.map(|name| format!("the folder {}{more}", quote(name))));
        match counts.is_empty() {
            true => Vec::new(),
            false => vec![format!("not read: {}", counts.join(", "))],
        }
    }
}

/// Returns the error for a part without class folders; `outside` is the number of its pictures.
fn no_classes(part: &Path, outside: usize) -> DataError {
    if outside == 0 {
        return DataError::NoImages { file: part.into() };
    }
    let problem = format!("holds {outside} pictures, but no subfolders; wanted one for each class");
    DataError::invalid(part, problem)
        .help("put the pictures of each class into a subfolder with its name")
}

/// Returns whether these folders are parts of a dataset, not classes.
fn are_parts(folders: &[PathBuf]) -> bool {
    let parts: Vec<_> = folders.iter().map(|path| part_of(path)).collect();
    let has = |part| parts.contains(&Some(part));
    // `train` may also be a class, next to `car` and `bus`.
    has(0) && (has(1) || has(2) || !parts.contains(&None))
}

fn part_of(folder: &Path) -> Option<usize> {
    part_named(folder.file_name()?.to_str()?)
}

/// Returns the paths in a folder, sorted by the bytes of their names.
fn list(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(|reason| io_error(folder, reason))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths = paths
        .collect::<Result<Vec<_>, _>>()
        .map_err(|reason| io_error(folder, reason))?;
    paths.sort_unstable_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(paths)
}

fn io_error(folder: &Path, reason: std::io::Error) -> DataError {
    DataError::Io {
        file: folder.into(),
        doing: "list",
        reason,
    }
}

/// Returns whether a name is hidden, or belongs to what macOS adds to archives.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX"
}

/// Returns the name of a class.
fn name(folder: &Path) -> Result<String, DataError> {
    let name = folder.file_name().unwrap_or_default();
    let text = name.to_str().map(String::from);
    text.ok_or_else(|| {
        DataError::invalid(folder, "the name of this class is not UTF-8").help("rename the folder")
    })
}

fn lossy(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
