//! The weights of a convolution as its kernel reads them, and the positions of their factors.

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    grouped::Blocks,
    padded::{Padded, corners, offsets},
    panels::Panels,
    winograd::Winograd,
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::simd::{self, width},
};

/// How a convolution is computed.
pub enum Algorithm {
    /// In blocks of output channels, for groups of few channels.
    Blocks(Blocks),
    /// By tiles, for windows of 3×3 and many channels.
    Winograd(Winograd),
    /// As products with panels of weights.
    Panels,
}

impl Algorithm {
    fn new(sizes: &Sizes) -> Self {
        let blocks = Blocks::new(sizes).map(Algorithm::Blocks);
        let algorithm = blocks.or_else(|| Winograd::new(sizes).map(Algorithm::Winograd));
        algorithm.unwrap_or(Algorithm::Panels)
    }

    /// Returns scratch memory for one image.
    pub fn scratch<T: Scalar>(&self, sizes: &Sizes) -> Scratch<T> {
        let (image, tiles) = match self {
            Algorithm::Blocks(blocks) => (blocks.image(), 0),
            Algorithm::Winograd(winograd) => (winograd.image(), winograd.scratch_len()),
            Algorithm::Panels => (Padded::new(sizes), 0),
        };
        Scratch {
            image,
            tiles: Buffer::any(tiles),
        }
    }
}

/// Scratch memory for the convolution of one image.
pub struct Scratch<T: Scalar> {
    /// The image with its padding.
    pub image: Padded<T>,
    /// Transformed tiles; empty without these.
    pub tiles: Buffer<T>,
}

/// Packed weights, with the tables for images of a size. They don't depend on the number of images.
pub struct Packed<T: Scalar> {
    pub sizes: Sizes,
    lanes: usize,
    pub algorithm: Algorithm,
    /// Packed for the algorithm.
    pub weights: Buffer<T>,
    /// Offsets of the cells of a window for one group, row by row, channels last.
    pub taps: Vec<usize>,
    /// First cell of each window; only with max-pooling.
    pub corners: Vec<usize>,
}

impl<T: Scalar> Packed<T> {
    /// Packs weights, `[out_channels, in_channels / groups, kh, kw]`.
    pub fn new(w: &[T], sizes: &Sizes) -> Self {
        let sizes = Sizes {
            images: 0,
            ..*sizes
        };
        let algorithm = Algorithm::new(&sizes);
        let weights = match &algorithm {
            _ if w.is_empty() => Buffer::any(0),
            Algorithm::Blocks(blocks) => blocks.pack(w),
            Algorithm::Winograd(winograd) => winograd.pack(w),
            Algorithm::Panels => simd::run_for::<T, _>(Panels { w, sizes: &sizes }),
        };
        let cells = offsets(&sizes).into_iter();
        let taps = cells.flat_map(|cell| (0..sizes.per_group()).map(move |c| cell + c));
        Packed {
            lanes: lanes::<T>(),
            algorithm,
            weights,
            taps: taps.collect(),
            corners: match sizes.max_pool {
                Some(_) => corners(&sizes),
                None => Vec::new(),
            },
            sizes,
        }
    }

    /// Returns whether the weights are packed for a convolution of these sizes.
    pub fn fits(&self, sizes: &Sizes) -> bool {
        self.sizes
            == Sizes {
                images: 0,
                ..*sizes
            }
            && self.lanes == lanes::<T>()
    }
}

/// Returns the width of the vectors for which weights are packed.
fn lanes<T: Scalar>() -> usize {
    struct Width<T>(std::marker::PhantomData<T>);
    impl<T: Scalar> WithSimd for Width<T> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            width::<T, S>()
        }
    }
    simd::run_for::<T, _>(Width::<T>(std::marker::PhantomData))
}
