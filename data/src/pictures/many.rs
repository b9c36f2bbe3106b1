//! Reading of many picture files as images of one shape, on all threads.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use image::{ColorType, ImageDecoder, metadata::Orientation};
use rayon::prelude::*;

use super::{Fit, budget::Budget, format, guarded, not_a_picture, other, picture, resized, whole};
use crate::{
    DataError, Images, Loading,
    files::{self, Peeked},
    identify,
};

/// Files read before their pixels are stored. Only so many images are in memory twice.
const AT_ONCE: usize = 64;

/// Memory for decoding pictures at the same time, in bytes.
const AT_THE_SAME_TIME: u64 = 1 << 30;

/// Memory for decoding a picture, for each pixel: up to 8 bytes in the decoder, 4 in the result.
const BYTES_PER_PIXEL: u64 = 12;

/// The endings of files that must be pictures, also when their first bytes are not those of one.
/// The last ones are formats that aren't supported, which shouldn't be passed over silently.
const ENDINGS: [&str; 12] = [
    "png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif", "avif", "jfif",
];

/// The shape to which pictures are converted.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub shape: [usize; 3],
    pub fit: Fit,
}

/// What the headers of all pictures have in common.
#[derive(Clone, Copy)]
pub(crate) struct Common {
    /// Rows and columns, if all pictures have the same.
    pub size: Option<[usize; 2]>,
    /// Whether all pictures are grey.
    pub is_grey: bool,
}

/// Returns whether a file is a picture, or should be one by the ending of its name.
pub(crate) fn is_picture(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    if ending.is_some_and(|found| {
        ENDINGS
            .iter()
            .any(|ending| found.eq_ignore_ascii_case(ending))
    }) {
        return true;
    }
    let head = files::open_regular(file).and_then(Peeked::new);
    let kind = head.map(|peeked| identify(&peeked.head));
    kind.is_ok_and(|kind| kind.is_some_and(|kind| kind.name.ends_with(" picture")))
}

/// Reads the headers of pictures, as far as they can be read.
pub(crate) fn survey(files: &[&Path]) -> Common {
    let found: Vec<_> = files
        .par_iter()
        .filter_map(|file| header(file).ok())
        .collect();
    let size = found.first().map(|&(size, _)| size);
    Common {
        size: size.filter(|&size| found.iter().all(|&(other, _)| other == size)),
        is_grey: found.iter().all(|&(_, is_grey)| is_grey),
    }
}

/// Returns rows and columns of a picture, and whether it is grey.
fn header(file: &Path) -> Result<([usize; 2], bool), DataError> {
    let bytes = read(file)?;
    let Some(format) = format(&bytes) else {
        return Err(not_a_picture(&bytes, file));
    };
    guarded(file, || {
        let mut decoder = other::decoder(&bytes, format)?;
        let (width, height) = decoder.dimensions();
        let sides = [height, width].map(|side| side as usize);
        let is_grey = matches!(
            decoder.color_type(),
            ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16
        );
        let is_turned = matches!(
            decoder.orientation().unwrap_or(Orientation::NoTransforms),
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        Ok(match is_turned {
            true => ([sides[1], sides[0]], is_grey),
            false => (sides, is_grey),
        })
    })
}

fn read(file: &Path) -> Result<Vec<u8>, DataError> {
    let opened =
        files::open_regular(file).map_err(|reason| super::io_error(file, "open", reason))?;
    let length = opened.metadata().map_or(0, |about| about.len());
    match length {
        0 => Err(DataError::invalid(file, "is empty, wanted a picture")),
        _ => whole(opened, length.min(super::MAX_FILE), file),
    }
}

/// Reads pictures in order. Also returns which of them couldn't be read; `first` is the number of
/// pictures that were read before, and `all` the number of all, for the progress.
pub(crate) fn read_all(
    files: &[&Path],
    frame: Frame,
    loading: &Loading,
    [first, all]: [usize; 2],
) -> Result<(Images, Vec<(usize, DataError)>), DataError> {
    let area: usize = frame.shape.iter().product();
    let folder = files.first().and_then(|file| file.parent());
    let mut writer = loading
        .storage
        .writer((files.len() * area) as u64, folder.unwrap_or(Path::new("")))?;
    let most = loading
        .options
        .max_memory
        .map_or(u64::MAX, |limit| limit / 4);
    let budget = Budget::new(AT_THE_SAME_TIME.min(most));
    let (done, mut damaged, mut count) = (AtomicUsize::new(first), Vec::new(), 0);
    for (chunk, start) in files.chunks(AT_ONCE).zip((0..).step_by(AT_ONCE)) {
        let read: Vec<_> = chunk
            .par_iter()
            .map(|file| {
                let image = one(file, frame, &budget);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(progress) = loading.options.progress {
                    progress(done, all);
                }
                image
            })
            .collect();
        for (i, image) in (start..).zip(read) {
            match image {
                Ok(image) => {
                    writer.write(image.bytes())?;
                    count += 1;
                }
                Err(error) => damaged.push((i, error)),
            }
        }
    }
    let [channels, rows, cols] = frame.shape;
    let images = Images::stored(writer.finish()?, [count, channels, rows, cols]);
    Ok((images, damaged))
}

/// Reads a picture when there is memory for it.
fn one(file: &Path, frame: Frame, budget: &Budget) -> Result<Images, DataError> {
    let bytes = read(file)?;
    // A file without a valid header is refused when it is decoded.
    let sizes = format(&bytes).and_then(|format| {
        let sizes = || Ok(other::decoder(&bytes, format)?.dimensions());
        guarded(file, sizes).ok()
    });
    let pixels = sizes.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    let share = budget.take(pixels * BYTES_PER_PIXEL);
    let image = picture(&bytes, frame.shape[0], file)?;
    drop(share);
    Ok(match image.shape() == frame.shape {
        true => image,
        false => resized(&image, frame.shape, frame.fit),
    })
}
