//! Atomic writing of IDX files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    DataError, Images,
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
    atomically(file, |out| {
        if gzipped {
            let mut out = GzEncoder::new(out, Compression::default());
            out.write_all(&header)?;
            out.write_all(body)?;
            out.finish()?;
        } else {
            out.write_all(&header)?;
            out.write_all(body)?;
        }
        Ok(())
    })
    .map_err(|reason| DataError::Io {
        file: file.into(),
        doing: "write",
        reason,
    })
}

/// Writes a temporary file in the same folder, syncs it to disk, and then renames it.
fn atomically(
    file: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (sibling, opened) = create_sibling(folder)?;
    let written = (|| {
        let mut out = BufWriter::new(opened);
        fill(&mut out)?;
        out.into_inner()?.sync_all()?;
        fs::rename(&sibling, file)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&sibling);
        return written;
    }
    // Not every system can open a folder; the file itself is already synced.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn create_sibling(folder: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0;
    loop {
        let sibling = folder.join(format!(".idx-{}-{number}.tmp", process::id()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&sibling)
        {
            Ok(opened) => return Ok((sibling, opened)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(e),
        }
    }
}
