//! The pictures in a folder.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use tapeline_data::is_image_file;

use crate::program::error::CliError;

/// The picture files of a folder, sorted by name, and the number of other files.
pub struct Folder {
    pub pictures: Vec<PathBuf>,
    pub others: usize,
}

impl Folder {
    /// Lists a folder, and with `recursive` its subfolders. A file counts as a picture if its
    /// extension says so (`.png`, `.jpg`, `.jpeg`, `.webp`, `.bmp`, `.gif`) or if it starts like
    /// one, or like an IDX file, which may be gzipped. Hidden files and folders are not counted, and
    /// pipes and devices are not opened. A folder that several links lead to is entered once.
    pub fn read(folder: &Path, recursive: bool) -> Result<Self, CliError> {
        let mut files = Vec::new();
        let mut waiting = vec![folder.to_path_buf()];
        let mut entered = BTreeSet::new();
        let mut has_subfolders = false;
        while let Some(folder) = waiting.pop() {
            let fail = |reason: io::Error| {
                CliError::data(format!(
                    "{}: cannot read the folder: {reason}",
                    folder.display()
                ))
            };
            if recursive && !entered.insert(folder.canonicalize().map_err(fail)?) {
                continue;
            }
            for entry in fs::read_dir(&folder).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                match (is_hidden, entry.path().is_dir()) {
                    (true, _) => {}
                    (_, false) => files.push(entry.path()),
                    (_, true) if recursive => waiting.push(entry.path()),
                    (_, true) => has_subfolders = true,
                }
            }
        }
        files.sort();
        let all = files.len();
        files.retain(|file| file.is_file() && is_called_picture(file) || is_image_file(file));
        if files.is_empty() {
            let error = CliError::data(format!("{}: the folder has no pictures", folder.display()));
            return Err(match has_subfolders {
                true => error.help("`--recursive` looks in its subfolders, too"),
                false => error.help("expected PNG, JPEG, WebP, BMP, GIF or IDX files"),
            });
        }
        Ok(Folder {
            others: all - files.len(),
            pictures: files,
        })
    }
}

fn is_called_picture(file: &Path) -> bool {
    let extension = file.extension().map(|name| name.to_ascii_lowercase());
    extension.is_some_and(|name| {
        ["png", "jpg", "jpeg", "webp", "bmp", "gif"]
            .iter()
            .any(|known| name == *known)
    })
}
