//! Writing of IDX files.

use std::{io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

use crate::{
    DataError, Images, atomic,
    idx::{IMAGES, IMAGES_WITH_CHANNELS, LABELS},
};

/// Writes images to an IDX file, gzipped if the name ends in `.gz`.
///
/// Images with several channels are written as a four-dimensional file.
///
/// # Errors
/// Returns an error if a size is 2³² or more, or the file can't be written. An existing file is
/// then unchanged.
pub fn write_images(file: impl AsRef<Path>, images: &Images) -> Result<(), DataError> {
    let [channels, rows, cols] = images.shape();
    let (magic, sizes) = match channels {
        1 => (IMAGES, vec![images.count(), rows, cols]),
        _ => (
            IMAGES_WITH_CHANNELS,
            vec![images.count(), channels, rows, cols],
        ),
    };
    write(file.as_ref(), magic, &sizes, images.bytes())
}

/// Writes labels to an IDX file, gzipped if the name ends in `.gz`.
///
/// # Errors
/// Same as [`write_images`].
pub fn write_labels(file: impl AsRef<Path>, labels: &[u8]) -> Result<(), DataError> {
    write(file.as_ref(), LABELS, &[labels.len()], labels)
}

fn write(file: &Path, magic: u32, sizes: &[usize], body: &[u8]) -> Result<(), DataError> {
    let too_large = |_| DataError::TooLarge {
        file: file.into(),
        sizes: sizes.iter().map(|&n| n as u64).collect(),
    };
    let mut header = magic.to_be_bytes().to_vec();
    for &size in sizes {
        header.extend(u32::try_from(size).map_err(too_large)?.to_be_bytes());
    }
    let gzipped = file
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let bytes = match gzipped {
        true => {
            let mut out = GzEncoder::new(Vec::new(), Compression::default());
            let packed = out.write_all(&header).and_then(|()| out.write_all(body));
            packed.and_then(|()| out.finish())
        }
        false => Ok([&header, body].concat()),
    };
    let written = bytes.and_then(|bytes| atomic::write(file, &bytes));
    written.map_err(|reason| DataError::Io {
        file: file.into(),
        doing: "write",
        reason,
    })
}
