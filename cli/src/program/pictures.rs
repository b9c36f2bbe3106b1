//! Pictures and IDX files as inputs of a model.

use std::{fs::File, io, panic, path::Path};

use clap::ValueEnum;
use tapeline_data::{
    Fit, ImageFile, Images, Preparation, digit, is_dark_on_light, read_image_file, resized,
};
use tapeline_models::shape_text;

use crate::program::error::CliError;

/// When pictures are prepared as the images of MNIST were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FitWhen {
    /// Those of another size, for a model trained on `mnist`
    #[default]
    Auto,
    /// All
    Always,
    /// None
    Never,
}

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
    /// When to prepare pictures as the images of MNIST were.
    pub fit: FitWhen,
    /// How the model's training data were prepared.
    pub preparation: Preparation,
}

/// The images in a file.
pub struct Pictures {
    images: Images,
    /// Whether the file is an IDX file, whose images are numbered.
    pub numbered: bool,
    /// Whether each image has dark content on a light background; `false` for all if most don't.
    dark_on_light: Vec<bool>,
    /// The number of shapes of ink in each image, if they were searched.
    shapes: Vec<usize>,
}

/// An image as the model sees it.
pub struct Picture<'p> {
    pub pixels: &'p [u8],
    /// Number of its shapes of ink, if they were searched.
    pub shapes: Option<usize>,
    pub is_dark_on_light: bool,
}

impl Treatment {
    /// Checks that pictures can be prepared for a model with this input.
    ///
    /// # Errors
    /// If they can't, and `--fit` asks for it.
    pub fn expect_fit(&self, shape: [usize; 3]) -> Result<(), CliError> {
        match self.fit == FitWhen::Always && !can_be_fitted(shape) {
            true => Err(CliError::usage(format!(
                "--fit prepares grey, square images of at least 8x8, but the model takes {}",
                shape_text(&shape)
            ))),
            false => Ok(()),
        }
    }

    /// Returns whether to prepare images of `found`, which are numbered or not, for a model that
    /// takes `shape`. An option that says otherwise how to prepare them takes precedence.
    fn fits(&self, found: [usize; 3], numbered: bool, shape: [usize; 3]) -> bool {
        match self.fit {
            FitWhen::Always => true,
            FitWhen::Never => false,
            FitWhen::Auto => {
                self.preparation == Preparation::Mnist
                    && can_be_fitted(shape)
                    && !(numbered || self.invert || self.resize || found == shape)
            }
        }
    }
}

fn can_be_fitted([channels, rows, cols]: [usize; 3]) -> bool {
    channels == 1 && rows == cols && rows >= 8
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
        let found = images.shape();
        if treatment.fits(found, numbered, shape) && found[0] == 1 && images.area() > 0 {
            return Ok(Pictures::fitted(&images, numbered, shape));
        }
        if treatment.invert {
            images = map(&images, |pixel| 255 - pixel);
        }
        let count = images.count();
        let mut dark_on_light: Vec<_> = (0..count).map(|i| is_dark_on_light(&images, i)).collect();
        if 2 * dark_on_light.iter().filter(|dark| **dark).count() <= count {
            dark_on_light.fill(false);
        }
        if found != shape {
            if found[0] != shape[0] || !treatment.resize {
                let (found, wanted) = (shape_text(&found), shape_text(&shape));
                let error = CliError::data(format!(
                    "{}: has shape {found}, but the model takes {wanted}",
                    file.display()
                ));
                return Err(match treatment.resize {
                    true => error,
                    false => error.help("`--resize` scales it, keeping the aspect ratio; `--fit` finds a digit in it"),
                });
            }
            images = resized(&images, shape, Fit::Pad);
        }
        Ok(Pictures {
            dark_on_light,
            images,
            numbered,
            shapes: Vec::new(),
        })
    }

    /// Prepares images as those of MNIST were.
    fn fitted(images: &Images, numbered: bool, [_, side, _]: [usize; 3]) -> Self {
        let count = images.count();
        let mut pixels = Vec::with_capacity(count * side * side);
        let mut shapes = Vec::with_capacity(count);
        for i in 0..count {
            let digit = digit(images, i, side);
            pixels.extend_from_slice(digit.image.pixels(0));
            shapes.push(digit.shapes);
        }
        Pictures {
            images: Images::new(pixels, [count, 1, side, side]),
            numbered,
            dark_on_light: vec![false; count],
            shapes,
        }
    }

    /// Returns the images.
    pub fn iter(&self) -> impl Iterator<Item = Picture<'_>> {
        (0..self.images.count()).map(|i| Picture {
            pixels: self.images.pixels(i),
            shapes: self.shapes.get(i).copied(),
            is_dark_on_light: self.dark_on_light[i],
        })
    }

    /// Returns the number of pixels of a channel.
    pub fn plane(&self) -> usize {
        self.images.rows() * self.images.cols()
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
