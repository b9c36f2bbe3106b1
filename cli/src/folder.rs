//! The pictures in a folder.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::error::CliError;

/// The files of a folder that are taken for pictures, by name, and how many files are not.
pub struct Folder {
    pub pictures: Vec<PathBuf>,
    pub others: usize,
}

impl Folder {
    /// Looks through a folder. A picture is what is called one (`.png`, `.jpg`, `.jpeg`), or begins as a PNG, JPEG or IDX file does. Folders
    /// in it are not entered; what is hidden stays so.
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
        files.retain(|file| is_called_picture(file) || begins_as_picture(file));
        if files.is_empty() {
            return Err(CliError::data(format!(
                "{}: the folder has no pictures",
                folder.display()
            ))
            .help("PNG, JPEG or IDX files"));
        }
        Ok(Folder {
            others: all - files.len(),
            pictures: files,
        })
    }
}

fn is_called_picture(file: &Path) -> bool {
    let extension = file.extension().map(|name| name.to_ascii_lowercase());
    extension.is_some_and(|name| ["png", "jpg", "jpeg"].iter().any(|known| name == *known))
}

/// Whether the first bytes are those of a PNG, a JPEG, or an IDX file of bytes in three or four dimensions.
fn begins_as_picture(file: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(4).read_to_end(&mut start));
    read.is_ok()
        && matches!(
            start[..],
            [0x89, b'P', b'N', b'G'] | [0xff, 0xd8, 0xff, _] | [0, 0, 8, 3 | 4]
        )
}
