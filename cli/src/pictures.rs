//! PNG, JPEG and IDX files as inputs of a model.

use std::{fs::File, io, panic, path::Path};

use tapeline_data::{ImageFile, Images, is_dark_on_light, read_image_file, resized};
use tapeline_models::shape_text;

use crate::error::CliError;

/// What is done to images before a model sees them.
pub struct Treatment {
    /// Whether rows and columns are swapped, where that is said.
    pub transpose: Option<bool>,
    /// Whether they are otherwise swapped in IDX files, as they were in those that the model was trained on. Pictures are upright.
    pub transpose_idx: bool,
    /// Make dark what is light.
    pub invert: bool,
    /// Scale to the model's size, keeping the aspect.
    pub resize: bool,
}

/// The images of a file.
pub struct Pictures {
    pub images: Images,
    /// Whether they stand in an IDX file, and so have numbers.
    pub numbered: bool,
    /// How many of them show something dark on a light ground.
    pub dark_on_light: usize,
}

impl Pictures {
    /// Reads an opened file as inputs of `shape`: channels, rows, columns. Its format is recognised by the first bytes.
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
                    "{}: is {found}, but the model takes {wanted}",
                    file.display()
                ));
                return Err(match treatment.resize {
                    true => error,
                    false => error.help("`--resize` scales it, keeping the aspect"),
                });
            }
            images = resized(&images, shape);
        }
        Ok(Pictures {
            images,
            numbered,
            dark_on_light,
        })
    }
}

/// Calls what may panic in a decoder, which is caught there and comes back as an error: it is no fault of this program, and isn't told as
/// one.
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
