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
    layout::Layout,
    storage::Storage,
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
    plain_images(input, file.as_ref())
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
    plain_images(Input::bytes(bytes), name.as_ref())
}

/// Decodes labels from the bytes of an IDX file; `name` is used in error messages.
///
/// # Errors
/// Same as [`read_images`].
pub fn read_labels_from(bytes: &[u8], name: impl AsRef<Path>) -> Result<Vec<u8>, DataError> {
    let input = Input::bytes(bytes);
    labels(input.reader, input.length, name.as_ref())
}

/// Reads images into memory, with channels before rows and columns.
pub(crate) fn plain_images(input: Input, file: &Path) -> Result<Images, DataError> {
    let to = Arrangement {
        storage: &Storage::memory(),
        layout: Some(Layout::Chw),
    };
    images(input.reader, input.length, file, to)
}

/// Where the images of a file are stored, and how they are arranged there.
pub(crate) struct Arrangement<'a> {
    pub storage: &'a Storage,
    /// The order of the sizes of an image in a file with four sizes; `None` to refuse a file that
    /// looks as if channels came last.
    pub layout: Option<Layout>,
}

pub(crate) fn images(
    reader: impl Read,
    length: Option<u64>,
    file: &Path,
    to: Arrangement,
) -> Result<Images, DataError> {
    let mut reader = expect_idx(reader, file)?;
    let sizes = header(&mut reader, &[IMAGES, IMAGES_WITH_CHANNELS], file)?;
    let wanted = body_length(&sizes, file)?;
    let sizes: Vec<usize> = sizes.iter().map(|&n| n as usize).collect();
    let (count, shape, layout) = match sizes[..] {
        [count, rows, cols] => (count, [1, rows, cols], Layout::Chw),
        [count, a, b, c] => {
            let layout = match to.layout {
                Some(layout) => layout,
                None => expect_channels_first([a, b, c], file)?,
            };
            (count, layout.shape([a, b, c]), layout)
        }
        _ => unreachable!("the magic number fixes the number of sizes"),
    };
    let [channels, rows, cols] = shape;
    let area = channels * rows * cols;
    if count > 0 && area == 0 {
        return Err(DataError::NoPixels {
            file: file.into(),
            rows,
            cols,
        });
    }
    let mut body = Body::new(reader, length, sizes.len(), wanted, file)?;
    let mut writer = to.storage.writer(wanted, file)?;
    if body.is_certain {
        writer.reserve(wanted as usize);
    }
    let mut image = Vec::new();
    let step = match layout {
        Layout::Chw => STEP,
        Layout::Hwc => area,
    };
    while let Some(bytes) = body.next(step)? {
        match layout {
            Layout::Chw => writer.write(bytes)?,
            Layout::Hwc => {
                layout.arrange(bytes, channels, &mut image);
                writer.write(&image)?;
            }
        }
    }
    Ok(Images::stored(
        writer.finish()?,
        [count, channels, rows, cols],
    ))
}

/// Refuses the sizes of an image that look like rows, columns, channels: read as channels, rows,
/// columns, images of 32x32 pixels would have 32 channels.
fn expect_channels_first(sizes: [usize; 3], file: &Path) -> Result<Layout, DataError> {
    let [first, _, last] = sizes;
    match first > 4 && (1..=4).contains(&last) {
        false => Ok(Layout::Chw),
        true => Err(DataError::invalid(
            file,
            format!("images of {sizes:?}, which look like rows, columns, channels; wanted channels, rows, columns"),
        )
        .help("give the order: `idx(\"folder\", layout=hwc)`")),
    }
}

pub(crate) fn labels(
    reader: impl Read,
    length: Option<u64>,
    file: &Path,
) -> Result<Vec<u8>, DataError> {
    let mut reader = expect_idx(reader, file)?;
    let sizes = header(&mut reader, &[LABELS], file)?;
    let wanted = body_length(&sizes, file)?;
    let mut body = Body::new(reader, length, sizes.len(), wanted, file)?;
    let mut labels = Vec::new();
    while let Some(bytes) = body.next(STEP)? {
        labels.extend_from_slice(bytes);
    }
    labels.shrink_to_fit();
    Ok(labels)
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

/// Number of bytes read at once.
const STEP: usize = 1 << 16;

/// Returns the number of bytes that follow a header with these sizes.
fn body_length(sizes: &[u32], file: &Path) -> Result<u64, DataError> {
    // The product of the nonzero sizes must not overflow, even if another size is 0.
    let product = |least: u32| {
        let mut sizes = sizes.iter().map(|&n| u64::from(n.max(least)));
        sizes.try_fold(1u64, |product, n| product.checked_mul(n))
    };
    let countable = product(1).is_some_and(|n| n < isize::MAX as u64);
    product(0)
        .filter(|_| countable)
        .ok_or_else(|| DataError::TooLarge {
            file: file.into(),
            sizes: sizes.iter().map(|&n| n.into()).collect(),
        })
}

/// The data after the header, read in steps.
struct Body<'a, R> {
    reader: R,
    file: &'a Path,
    wanted: u64,
    done: u64,
    /// Whether the file is known to have the wanted length.
    is_certain: bool,
    bytes: Vec<u8>,
}

impl<'a, R: Read> Body<'a, R> {
    /// `length` is the length of the file, if it is known; `sizes` is the number of sizes.
    fn new(
        reader: R,
        length: Option<u64>,
        sizes: usize,
        wanted: u64,
        file: &'a Path,
    ) -> Result<Self, DataError> {
        let body = Body {
            reader,
            file,
            wanted,
            done: 0,
            is_certain: length.is_some(),
            bytes: Vec::new(),
        };
        let found = length.map(|length| length.saturating_sub(4 + 4 * sizes as u64));
        match found {
            Some(found) if found != wanted => Err(body.wrong(Some(found))),
            _ => Ok(body),
        }
    }

    fn wrong(&self, found: Option<u64>) -> DataError {
        DataError::Length {
            file: self.file.into(),
            wanted: self.wanted,
            found,
        }
    }

    /// Returns the next `step` bytes, fewer at the end, and `None` after the end.
    fn next(&mut self, step: usize) -> Result<Option<&[u8]>, DataError> {
        let size = (self.wanted - self.done).min(step as u64);
        // The end of a gzip stream is reached, and its checksum verified, only by reading past the
        // data.
        let size = size.max(1);
        self.bytes.clear();
        self.reader
            .by_ref()
            .take(size)
            .read_to_end(&mut self.bytes)
            .map_err(|e| read_error(self.file, e))?;
        let found = self.bytes.len() as u64;
        if self.done == self.wanted {
            return match found {
                0 => Ok(None),
                _ => Err(self.wrong(None)),
            };
        }
        self.done += found;
        match found < size {
            true => Err(self.wrong(Some(self.done))),
            false => Ok(Some(&self.bytes)),
        }
    }
}
