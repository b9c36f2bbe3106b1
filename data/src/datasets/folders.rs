//! Picture files in class subfolders, alone or below `train`, `val` and `test`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use tapeline_spec::quote;

use crate::{DataError, pictures::is_picture};

const TRAIN: &[&str] = &["train", "training"];
const VAL: &[&str] = &["val", "valid", "validation"];
const TEST: &[&str] = &["test", "testing"];

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
    let Ok(entries) = list(root) else {
        return false;
    };
    let folders = entries
        .iter()
        .filter(|path| path.is_dir() && !is_hidden(path));
    folders
        .clone()
        .any(|folder| find_picture(folder, &mut vec![root.into()]))
}

/// Searches a folder and those below it; `above` are the folders that contain it.
fn find_picture(folder: &Path, above: &mut Vec<PathBuf>) -> bool {
    let (Ok(place), Ok(entries)) = (fs::canonicalize(folder), list(folder)) else {
        return false;
    };
    if above.contains(&place) {
        return false;
    }
    above.push(place);
    let mut visible = entries.iter().filter(|path| !is_hidden(path));
    let found = visible.any(|path| match path.is_dir() {
        true => find_picture(path, above),
        false => is_picture(path),
    });
    above.pop();
    found
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
        let top = folders.subfolders(root)?;
        let is = |path: &Path, names: &[&str]| {
            let name = path.file_name().and_then(OsStr::to_str);
            name.is_some_and(|name| names.contains(&name))
        };
        let named = |names: &[&str]| top.iter().find(|path| is(path, names));
        let parts = [TRAIN, VAL, TEST];
        let are_parts = match named(TRAIN) {
            // `train` may also be a class, next to `car` and `bus`.
            Some(_) => {
                let only = top
                    .iter()
                    .all(|path| parts.iter().any(|names| is(path, names)));
                only || named(VAL).is_some() || named(TEST).is_some()
            }
            None => false,
        };
        let mut errors = Vec::new();
        if are_parts {
            let ignored = top
                .iter()
                .filter(|path| !parts.iter().any(|names| is(path, names)));
            folders.ignored = ignored
                .filter_map(|path| path.file_name())
                .map(lossy)
                .collect();
            for (i, names) in parts.into_iter().enumerate() {
                let mut named = top.iter().filter(|path| is(path, names));
                let Some(folder) = named.next() else {
                    continue;
                };
                if let Some(other) = named.next() {
                    errors.push(Err(DataError::invalid(
                        root,
                        format!(
                            "{} and {} are the same part of the data",
                            folder.display(),
                            other.display()
                        ),
                    )));
                }
                let classes = folders.subfolders(folder);
                match classes.and_then(|classes| folders.classes(folder, &classes)) {
                    Ok(classes) => folders.parts[i] = classes,
                    Err(error) => errors.push(Err(error)),
                }
            }
        } else {
            match folders.classes(root, &top) {
                Ok(classes) => folders.parts[0] = classes,
                Err(error) => errors.push(Err(error)),
            }
        }
        let empty = folders.parts[0]
            .iter()
            .filter(|class| class.pictures.is_empty());
        errors.extend(empty.map(|class| {
            Err(
                DataError::invalid(&class.folder, "holds no pictures, wanted some of its class")
                    .help("remove the folder if this is not a class"),
            )
        }));
        DataError::all::<()>(errors)?;
        Ok(folders)
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
        if found.is_empty() {
            let error = match self.outside {
                0 => DataError::NoImages { file: part.into() },
                count => DataError::invalid(
                    part,
                    format!("holds {count} pictures, but no subfolders; wanted one for each class"),
                )
                .help("put the pictures of each class into a subfolder with its name"),
            };
            return Err(error);
        }
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
            .map(|(count, what)| format!("{count} {what}"))
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
