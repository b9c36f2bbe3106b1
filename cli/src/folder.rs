//! The pictures in a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tapeline_data::is_image_file;

use crate::error::CliError;

/// The picture files of a folder, sorted by name, and the number of other files.
pub struct Folder {
    pub pictures: Vec<PathBuf>,
    pub others: usize,
}

impl Folder {
    /// Lists a folder. A file counts as a picture if its extension says so (`.png`, `.jpg`,
    /// `.jpeg`, `.webp`, `.bmp`, `.gif`) or if it starts like one, or like an IDX file, which may
    /// be gzipped. Subfolders are not entered, hidden files are not counted, and pipes and devices are not
    /// opened.
    pub fn read(folder: &Path) -> Result<Self, CliError> {
        let fail = |reason: io::Error| {
            CliError::data(format!(
                "{}: cannot read the folder: {reason}",
                folder.display()
            ))
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_hidden && !entry.path().is_dir() {
                files.push(entry.path());
            }
        }
        files.sort();
        let all = files.len();
        files.retain(|file| file.is_file() && is_called_picture(file) || is_image_file(file));
        if files.is_empty() {
            return Err(CliError::data(format!(
                "{}: the folder has no pictures",
                folder.display()
            ))
            .help("expected PNG, JPEG, WebP, BMP, GIF or IDX files"));
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
