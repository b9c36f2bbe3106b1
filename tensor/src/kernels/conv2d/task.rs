//! Gradients of some of the images of a batch.

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    dense::Dense,
    grouped::{Blocks, Of, Sums},
    lists::Lists,
};
use crate::{Scalar, buffer::Buffer};

/// How the gradients are computed, and with it the order in which weights are packed.
pub enum Method {
    /// From lists of the non-zero elements of the output's gradient.
    Lists(Lists),
    /// In blocks of output channels.
    Blocks(Blocks),
    /// As products of matrices; not the gradient of the input.
    Dense(Dense),
}

impl Method {
    /// Packs the weights, if they are needed.
    pub fn pack<T: Scalar>(&self, weights: &[T], sizes: &Sizes) -> Buffer<T> {
        match self {
            Method::Lists(lists) => lists.pack(weights, sizes),
            Method::Blocks(blocks) => blocks.pack(weights),
            Method::Dense(_) => Buffer::any(0),
        }
    }

    /// Copies a gradient from the order of packed weights to that of the weights.
    pub fn unpack<T: Scalar>(&self, packed: &[T], weights: &mut [T]) {
        match self {
            Method::Lists(lists) => lists.unpack(packed, weights),
            Method::Blocks(blocks) => blocks.unpack(packed, weights),
            Method::Dense(dense) => dense.unpack(packed, weights),
        }
    }

    /// Size of the packed weights.
    pub fn packed(&self, sizes: &Sizes) -> usize {
        match self {
            Method::Lists(lists) => lists.packed(sizes),
            Method::Blocks(blocks) => blocks.packed(),
            Method::Dense(dense) => dense.packed(),
        }
    }
}

/// Some of the images of a batch, and their gradients.
pub struct Task<'a, T: Scalar> {
    /// Gradient of the output.
    pub g: &'a [T],
    /// The output, if elements of the gradient are to be cut where it is not positive; otherwise
    /// empty.
    pub out: &'a [T],
    /// With max-pooling, where each value is from; otherwise empty.
    pub index: &'a [T::Index],
    pub x: &'a [T],
    /// Packed.
    pub weights: &'a [T],
    pub method: &'a Method,
    pub sizes: &'a Sizes,
    /// Whether the weights are finite, so that zeros of the gradient can be skipped.
    pub skip_zeros: bool,
    pub input: Option<&'a mut [T]>,
    /// The sums for the gradient of the weights, packed.
    pub weight: Option<&'a mut [T]>,
    pub bias: Option<&'a mut [T]>,
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.method {
            Method::Lists(lists) => lists.gradients(simd, self),
            Method::Blocks(blocks) => self.in_blocks(simd, blocks),
            Method::Dense(dense) => dense.gradients(simd, self),
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    #[inline(always)]
    fn in_blocks<S: Simd>(mut self, simd: S, blocks: &Blocks) {
        let out_image = self.sizes.out_image();
        let mut scratch = blocks.scratch();
        for (i, x) in self.x.chunks_exact(self.sizes.image()).enumerate() {
            let range = i * out_image..(i + 1) * out_image;
            let input = self.input.as_deref_mut();
            blocks.gradients(
                simd,
                Of {
                    g: &self.g[range.clone()],
                    out: self.out.get(range.clone()),
                    index: self.index.get(range),
                    x,
                    weights: self.weights,
                },
                &mut scratch,
                Sums {
                    input: input.map(|input| &mut input[i * x.len()..(i + 1) * x.len()]),
                    weight: self.weight.as_deref_mut(),
                    bias: self.bias.as_deref_mut(),
                },
            );
        }
    }
}
