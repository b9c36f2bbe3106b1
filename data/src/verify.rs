//! Counts and checksums of a source's files.

use std::{
    ffi::OsStr,
    io::{self, Read},
};

use sha2::{Digest, Sha256};

use crate::{
    DataError, idx,
    source::{Part, Source},
};

/// What stands in one file.
#[derive(Debug)]
pub struct FileReport {
    /// The file's path, or its name in the binary.
    pub name: String,
    /// Number of images or labels; 0 for a damaged file.
    pub count: usize,
    /// Number of bytes, unpacked, header included; of a damaged file those that could be read.
    pub size: u64,
    /// SHA-256, in hexadecimal, of these bytes.
    pub sha256: String,
    /// What the sum should be, where it is known.
    pub expected: Option<&'static str>,
    /// Whether the file is whole, has the expected sum and as many labels as images.
    pub ok: bool,
    /// What is wrong with the file's contents.
    pub problem: Option<DataError>,
}

/// Reads the four files of a source, to the end, and reports each: training images and labels, test images and labels.
///
/// # Errors
/// When there is no such source, as [`load`](crate::load). A damaged file is no error but a report that is not `ok`.
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

/// Sums the bytes that pass.
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
