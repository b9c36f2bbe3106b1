//! Mixtures of two images and their classes.

use std::ops::Range;

use ndarray::{ArrayView3, ArrayViewMut3, s};

use super::warp::between;

/// How an image is mixed with another one.
#[derive(Clone, Debug, PartialEq)]
pub enum Mix {
    /// Adds both, each by its share.
    Blend {
        /// The share of the image itself, from 0 to 1.
        share: f64,
    },
    /// Replaces a rectangle by that of the other image.
    Paste {
        /// The rows of the rectangle, within the image.
        rows: Range<usize>,
        /// The columns of the rectangle, within the image.
        cols: Range<usize>,
    },
}

/// The target of a mixed image: two classes and their shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// The class of the image itself, and that of the image it is mixed with.
    pub classes: [usize; 2],
    /// The share of the first class, from 0 to 1; the rest is that of the second one.
    pub share: f64,
}

impl Mixture {
    /// Returns the class with the larger share; the first one if both are equal.
    pub fn dominant(&self) -> usize {
        self.classes[usize::from(self.share < 0.5)]
    }
}

impl Mix {
    /// Mixes an image, `[channels, rows, columns]`, with another one.
    pub(crate) fn apply(&self, mut image: ArrayViewMut3<'_, f32>, other: ArrayView3<'_, f32>) {
        match self {
            &Mix::Blend { share } => image.zip_mut_with(&other, |pixel, &other| {
                // Rounding may lead beyond the range by one unit in the last place.
                *pixel = between(other, *pixel, share as f32).clamp(0.0, 255.0);
            }),
            Mix::Paste { rows, cols } => {
                let rectangle = s![.., rows.clone(), cols.clone()];
                image.slice_mut(rectangle).assign(&other.slice(rectangle));
            }
        }
    }

    /// Returns the share of the image itself in a mixture of `[rows, columns]`.
    pub(crate) fn share(&self, [rows, cols]: [usize; 2]) -> f64 {
        match self {
            Mix::Blend { share } => *share,
            Mix::Paste { rows: r, cols: c } => {
                1.0 - (r.len() * c.len()) as f64 / (rows * cols).max(1) as f64
            }
        }
    }
}
