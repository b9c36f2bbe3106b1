//! Counts, checksums and faults of the files or parts of a dataset.

use std::{
    ffi::OsStr,
    io::{self, Read},
};

use sha2::{Digest, Sha256};

use super::{DataSource, LoadOptions, Loaded, datasets, file::SourceFile, idx_files::IdxFiles};
use crate::{
    DataError, Dataset,
    idx::{self, Arrangement},
    layout::Layout,
    storage::Storage,
};

/// The result of verifying one file, or one part of a dataset.
#[derive(Debug)]
pub struct FileReport {
    /// The file's path, or its name if it is embedded in the binary; the name of a part.
    pub name: String,
    /// Number of images or labels; 0 for a damaged file.
    pub count: usize,
    /// Number of uncompressed bytes including the header; for a damaged file, the number of bytes
    /// that could be read. For a part, the number of pixels and labels.
    pub size: u64,
    /// SHA-256 of these bytes, in hexadecimal; for a part, [`Dataset::sha256`].
    pub sha256: String,
    /// The expected SHA-256, if known.
    pub expected: Option<&'static str>,
    /// Whether the file is complete, has the expected checksum, and has as many labels as there are
    /// images.
    pub ok: bool,
    /// What is wrong with the file's contents.
    pub problem: Option<DataError>,
    /// What is valid but probably wrong.
    pub warnings: Vec<String>,
}

/// Reads all files of a built-in dataset to their ends and reports on each; see
/// [`DataSource::verify`].
///
/// # Errors
/// Returns an error if the dataset isn't found. A damaged file isn't an error; its report is not
/// `ok`.
pub fn verify(source: impl AsRef<OsStr>) -> Result<Vec<FileReport>, DataError> {
    DataSource::find(source, &datasets())?.verify(&LoadOptions::default())
}

/// Reports on IDX files: training images and labels, test images and labels.
pub(super) fn idx_files(files: IdxFiles, layout: Option<Layout>) -> Vec<FileReport> {
    let mut reports = Vec::new();
    for [images, labels] in [files.train].into_iter().chain(files.test) {
        let first = report(&images, |reader, length| {
            let to = Arrangement {
                storage: &Storage::memory(),
                layout,
            };
            Ok(idx::images(reader, length, &images.file, to)?.count())
        });
        let mut second = report(&labels, |reader, length| {
            Ok(idx::labels(reader, length, &labels.file)?.len())
        });
        if first.problem.is_none() && second.problem.is_none() && first.count != second.count {
            second.ok = false;
            second.problem = Some(DataError::Counts {
                file: labels.file,
                images: first.count,
                labels: second.count,
            });
        }
        reports.extend([first, second]);
    }
    reports
}

/// Reports on the parts of a loaded dataset, or on each problem that it has.
pub(super) fn parts(name: &str, loaded: Result<Loaded, DataError>) -> Vec<FileReport> {
    let part = |(part, data): (&str, &Dataset)| FileReport {
        name: format!("{name}: {part} data"),
        count: data.len(),
        size: (data.images.bytes().len() + data.labels.len()) as u64,
        sha256: data.sha256(),
        expected: None,
        ok: true,
        problem: None,
        warnings: Vec::new(),
    };
    match loaded {
        Ok(loaded) => {
            let mut reports: Vec<_> = loaded.parts().into_iter().map(part).collect();
            reports[0].warnings = loaded.warnings;
            reports
        }
        Err(error) => error
            .each()
            .into_iter()
            .map(|problem| FileReport {
                name: problem
                    .file()
                    .unwrap_or(name.as_ref())
                    .display()
                    .to_string(),
                count: 0,
                size: 0,
                sha256: String::new(),
                expected: None,
                ok: false,
                problem: Some(problem),
                warnings: Vec::new(),
            })
            .collect(),
    }
}

fn report(
    part: &SourceFile,
    read: impl FnOnce(&mut Summed, Option<u64>) -> Result<usize, DataError>,
) -> FileReport {
    let mut summed = Summed {
        inner: Box::new(io::empty()),
        sum: Sha256::new(),
        size: 0,
    };
    let count = part.open().and_then(|input| {
        summed.inner = input.reader;
        read(&mut summed, input.length)
    });
    let sha256 = format!("{:x}", summed.sum.finalize());
    FileReport {
        name: part.file.to_string_lossy().into_owned(),
        count: *count.as_ref().unwrap_or(&0),
        size: summed.size,
        ok: count.is_ok() && part.sha256.is_none_or(|expected| expected == sha256),
        sha256,
        expected: part.sha256,
        problem: count.err(),
        warnings: Vec::new(),
    }
}

/// A reader that computes the checksum of the bytes passing through.
struct Summed {
    inner: Box<dyn Read>,
    sum: Sha256,
    size: u64,
}

impl Read for Summed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.sum.update(&out[..count]);
        self.size += count as u64;
        Ok(count)
    }
}
