//! Counts and checksums of the files of a dataset.

use std::{
    ffi::OsStr,
    io::{self, Read},
};

use sha2::{Digest, Sha256};

use crate::{DataError, idx, part::Part, source::Source};

/// The result of verifying one file.
#[derive(Debug)]
pub struct FileReport {
    /// The file's path, or its name if it is embedded in the binary.
    pub name: String,
    /// Number of images or labels; 0 for a damaged file.
    pub count: usize,
    /// Number of uncompressed bytes including the header; for a damaged file, the number of bytes
    /// that could be read.
    pub size: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
    /// The expected SHA-256, if known.
    pub expected: Option<&'static str>,
    /// Whether the file is complete, has the expected checksum, and has as many labels as there are
    /// images.
    pub ok: bool,
    /// What is wrong with the file's contents.
    pub problem: Option<DataError>,
}

/// Reads all four files of a dataset to their ends and reports on each: training images and labels,
/// test images and labels.
///
/// # Errors
/// Returns an error if the dataset isn't found, as [`load`](crate::load) does. A damaged file isn't
/// an error; its report is not `ok`.
pub fn verify(source: impl AsRef<OsStr>) -> Result<Vec<FileReport>, DataError> {
    let [train_images, train_labels, test_images, test_labels] =
        Source::find(source.as_ref())?.parts;
    let mut reports = Vec::new();
    for (images, labels) in [(train_images, train_labels), (test_images, test_labels)] {
        let first = report(&images, |reader, length| {
            Ok(idx::images(reader, length, &images.file)?.count())
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
    Ok(reports)
}

fn report(
    part: &Part,
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
