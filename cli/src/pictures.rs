//! Pictures and IDX files as inputs of a model.

use std::{fs::File, io, panic, path::Path};

use tapeline_data::{Fit, ImageFile, Images, is_dark_on_light, read_image_file, resized};
use tapeline_models::shape_text;

use crate::error::CliError;

/// Transformations of images before they are passed to a model.
pub struct Treatment {
    /// Whether to swap rows and columns, if `--transpose` says so.
    pub transpose: Option<bool>,
    /// Whether to swap rows and columns of IDX files by default, as was done for the training data.
    /// Pictures are always upright.
    pub transpose_idx: bool,
    /// Whether to invert the brightness.
    pub invert: bool,
    /// Whether to resize to the model's input size, keeping the aspect ratio.
    pub resize: bool,
}

/// The images in a file.
pub struct Pictures {
    pub images: Images,
    /// Whether the file is an IDX file, whose images are numbered.
    pub numbered: bool,
    /// The number of images with dark content on a light background.
    pub dark_on_light: usize,
}

impl Pictures {
    /// Reads an opened file as inputs of `shape` (channels, rows, columns). The format is detected
    /// from the first bytes.
    pub fn read(
        file: &Path,
        opened: io::Result<File>,
        shape: [usize; 3],
        treatment: &Treatment,
    ) -> Result<Self, CliError> {
        let opened = opened.map_err(|reason| {
            CliError::data(format!("{}: cannot open: {reason}", file.display()))
        })?;
        let read = quietly(|| read_image_file(opened, shape[0], file))?;
        let (mut images, numbered) = match read {
            ImageFile::Picture(image) => (image, false),
            ImageFile::Idx(images) => (images, true),
        };
        let as_stored = numbered && treatment.transpose_idx;
        if treatment.transpose.unwrap_or(as_stored) {
            images = images.transposed();
        }
        if treatment.invert {
            images = map(&images, |pixel| 255 - pixel);
        }
        let dark_on_light = (0..images.count())
            .filter(|&i| is_dark_on_light(&images, i))
            .count();
        let found = images.shape();
        if found != shape {
            if found[0] != shape[0] || !treatment.resize {
                let (found, wanted) = (shape_text(&found), shape_text(&shape));
                let error = CliError::data(format!(
                    "{}: has shape {found}, but the model takes {wanted}",
                    file.display()
                ));
                return Err(match treatment.resize {
                    true => error,
                    false => error.help("`--resize` scales it, keeping the aspect ratio"),
                });
            }
            images = resized(&images, shape, Fit::Pad);
        }
        Ok(Pictures {
            images,
            numbered,
            dark_on_light,
        })
    }
}

/// Runs a decoder without the panic message. The decoder's panic is caught inside `read` and
/// returned as an error: it means that the file is invalid and must not look like a bug of this
/// program.
fn quietly<R>(read: impl FnOnce() -> R) -> R {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = read();
    panic::set_hook(hook);
    result
}

fn map(images: &Images, f: impl Fn(u8) -> u8) -> Images {
    let [channels, rows, cols] = images.shape();
    let pixels = images.bytes().iter().map(|&pixel| f(pixel)).collect();
    Images::new(pixels, [images.count(), channels, rows, cols])
}
