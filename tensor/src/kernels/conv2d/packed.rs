//! The weights of a convolution as its kernel reads them, and the positions of their factors.

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    grouped::Blocks,
    padded::{corners, offsets},
    panels::Panels,
    winograd::Winograd,
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::simd::{self, width},
};

/// How a convolution is computed.
pub enum Method {
    /// In blocks of output channels, for groups of few channels.
    Blocks(Blocks),
    /// By tiles, for windows of 3×3 and many channels.
    Winograd(Winograd),
    /// As products with panels of weights.
    Panels,
}

impl Method {
    fn new(sizes: &Sizes) -> Self {
        let blocks = Blocks::new(sizes).map(Method::Blocks);
        let method = blocks.or_else(|| Winograd::new(sizes).map(Method::Winograd));
        method.unwrap_or(Method::Panels)
    }
}

/// Packed weights, with the tables for images of a size. They don't depend on the number of images.
pub struct Packed<T: Scalar> {
    pub sizes: Sizes,
    lanes: usize,
    pub method: Method,
    /// Packed for the method.
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
        let method = Method::new(&sizes);
        let weights = match &method {
            _ if w.is_empty() => Buffer::any(0),
            Method::Blocks(blocks) => blocks.pack(w),
            Method::Winograd(winograd) => winograd.pack(w),
            Method::Panels => simd::run_for::<T, _>(Panels { w, sizes: &sizes }),
        };
        let cells = offsets(&sizes).into_iter();
        let taps = cells.flat_map(|cell| (0..sizes.per_group()).map(move |c| cell + c));
        Packed {
            lanes: lanes::<T>(),
            method,
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
