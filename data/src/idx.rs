//! Reading of IDX files: a magic number, big-endian sizes, and bytes.
//!
//! Images are three-dimensional (magic `0x00000803`: count, rows, columns) or four-dimensional
//! (`0x00000804`: count, channels, rows, columns); labels are one-dimensional (`0x00000801`). A
//! file may be gzipped, in one or several members; this is detected from its first bytes, not from
//! its name. Memory use depends on the actual size of the file, never on the sizes in its header. A
//! file is read to its end, so that its checksum is verified and extra bytes are detected.
//!
//! A count of 0 is valid here; [`load`](crate::load) rejects it.

use std::{io::Read, path::Path};

use crate::{
    DataError, Images,
    files::Peeked,
    identify_other,
    input::{Input, read_error},
};

pub(crate) const LABELS: u32 = 0x0801;
pub(crate) const IMAGES: u32 = 0x0803;
pub(crate) const IMAGES_WITH_CHANNELS: u32 = 0x0804;

/// Reads an IDX file of images.
///
/// # Errors
/// Returns an error if the file can't be read, isn't an IDX file of images, or has more or fewer
/// bytes than its header specifies.
pub fn read_images(file: impl AsRef<Path>) -> Result<Images, DataError> {
    let input = Input::open(file.as_ref())?;
    images(input.reader, input.length, file.as_ref())
}

/// Reads an IDX file of labels.
///
/// # Errors
/// Same as [`read_images`].
pub fn read_labels(file: impl AsRef<Path>) -> Result<Vec<u8>, DataError> {
    let input = Input::open(file.as_ref())?;
    labels(input.reader, input.length, file.as_ref())
}

/// Decodes images from the bytes of an IDX file; `name` is used in error messages.
///
/// # Errors
/// Same as [`read_images`].
pub fn read_images_from(bytes: &[u8], name: impl AsRef<Path>) -> Result<Images, DataError> {
    let input = Input::bytes(bytes);
    images(input.reader, input.length, name.as_ref())
}

/// Decodes labels from the bytes of an IDX file; `name` is used in error messages.
///
/// # Errors
/// Same as [`read_images`].
pub fn read_labels_from(bytes: &[u8], name: impl AsRef<Path>) -> Result<Vec<u8>, DataError> {
    let input = Input::bytes(bytes);
    labels(input.reader, input.length, name.as_ref())
}

pub(crate) fn images(
    reader: impl Read,
    length: Option<u64>,
    file: &Path,
) -> Result<Images, DataError> {
    let mut reader = expect_idx(reader, file)?;
    let sizes = header(&mut reader, &[IMAGES, IMAGES_WITH_CHANNELS], file)?;
    let pixels = body(reader, length, &sizes, file)?;
    let sizes: Vec<usize> = sizes.iter().map(|&n| n as usize).collect();
    let (count, channels, rows, cols) = match sizes[..] {
        [count, rows, cols] => (count, 1, rows, cols),
        [count, channels, rows, cols] => (count, channels, rows, cols),
        _ => unreachable!("the magic number fixes the number of sizes"),
    };
    if count > 0 && channels * rows * cols == 0 {
        return Err(DataError::NoPixels {
            file: file.into(),
            rows,
            cols,
        });
    }
    Ok(Images::new(pixels, [count, channels, rows, cols]))
}

pub(crate) fn labels(
    reader: impl Read,
    length: Option<u64>,
    file: &Path,
) -> Result<Vec<u8>, DataError> {
    let mut reader = expect_idx(reader, file)?;
    let sizes = header(&mut reader, &[LABELS], file)?;
    body(reader, length, &sizes, file)
}

/// Returns a reader for the same bytes, unless they are identified as another type of file.
fn expect_idx(reader: impl Read, file: &Path) -> Result<impl Read, DataError> {
    let peeked = Peeked::new(reader).map_err(|e| read_error(file, e))?;
    if peeked.head.is_empty() {
        return Err(DataError::Empty { file: file.into() });
    }
    const WANTED: &str = "an IDX file";
    match identify_other(&peeked.head, WANTED) {
        Some(found) => Err(DataError::Kind {
            file: file.into(),
            found,
            wanted: WANTED,
        }),
        None => Ok(peeked.reader()),
    }
}

/// Reads the header: one of the wanted magic numbers, then the sizes, which are returned.
fn header(reader: &mut impl Read, wanted: &[u32], file: &Path) -> Result<Vec<u32>, DataError> {
    let truncated = |wanted, found| DataError::Header {
        file: file.into(),
        wanted,
        found,
    };
    let mut read = |count: usize| {
        let mut bytes = Vec::with_capacity(count);
        reader
            .take(count as u64)
            .read_to_end(&mut bytes)
            .map_err(|e| read_error(file, e))?;
        Ok(bytes)
    };

    let start = read(4)?;
    let magic = match start[..] {
        [] => return Err(DataError::Empty { file: file.into() }),
        [a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
        _ => return Err(truncated(header_len(wanted[0]), start.len())),
    };
    if !wanted.contains(&magic) {
        let code = (magic >> 8) as u8;
        let same_but_type = wanted.iter().any(|w| w & !0xff00 == magic & !0xff00);
        return Err(if same_but_type {
            DataError::Element {
                file: file.into(),
                code,
            }
        } else {
            DataError::Magic {
                file: file.into(),
                found: magic,
                wanted: wanted[0],
            }
        });
    }
    let sizes = read(header_len(magic) - 4)?;
    if sizes.len() < header_len(magic) - 4 {
        return Err(truncated(header_len(magic), 4 + sizes.len()));
    }
    Ok(sizes
        .chunks(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

/// Returns the length of a header. The last byte of the magic number is the number of sizes, four
/// bytes each.
fn header_len(magic: u32) -> usize {
    4 + 4 * (magic & 0xff) as usize
}

/// Reads the data after the header, whose length must be the product of the sizes.
fn body(
    mut reader: impl Read,
    length: Option<u64>,
    sizes: &[u32],
    file: &Path,
) -> Result<Vec<u8>, DataError> {
    // The product of the nonzero sizes must not overflow, even if another size is 0.
    let product = |least: u32| {
        let mut sizes = sizes.iter().map(|&n| u64::from(n.max(least)));
        sizes.try_fold(1u64, |product, n| product.checked_mul(n))
    };
    let countable = product(1).is_some_and(|n| n < isize::MAX as u64);
    let wanted = product(0)
        .filter(|_| countable)
        .ok_or_else(|| DataError::TooLarge {
            file: file.into(),
            sizes: sizes.iter().map(|&n| n.into()).collect(),
        })?;
    let wrong = |found| DataError::Length {
        file: file.into(),
        wanted,
        found,
    };

    let mut bytes = Vec::new();
    if let Some(length) = length {
        let found = length.saturating_sub(4 + 4 * sizes.len() as u64);
        if found != wanted {
            return Err(wrong(Some(found)));
        }
        bytes.reserve_exact(wanted as usize);
    }
    reader
        .by_ref()
        .take(wanted)
        .read_to_end(&mut bytes)
        .map_err(|e| read_error(file, e))?;
    if (bytes.len() as u64) < wanted {
        return Err(wrong(Some(bytes.len() as u64)));
    }
    // The end of a gzip stream is reached, and its checksum verified, only by reading past the
    // data.
    let mut more = Vec::new();
    reader
        .take(1)
        .read_to_end(&mut more)
        .map_err(|e| read_error(file, e))?;
    if !more.is_empty() {
        return Err(wrong(None));
    }
    bytes.shrink_to_fit();
    Ok(bytes)
}
