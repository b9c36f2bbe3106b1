//! Gradients from lists of the non-zero elements of the output's gradient, one list for each output
//! channel: each entry adds its multiple of the window below it to the weights' gradient, and its
//! multiple of the weights to the input's gradient.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    padded::{Padded, corners},
    runs::Runs,
    task::Task,
    walk::{add_cells, add_weights, list, side},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        simd::{self, Lanes, width},
        sparse::all_finite,
    },
};

/// The order of the weights, which are packed as runs.
pub struct Lists(Runs);

impl Lists {
    /// Returns the lists for the widest vectors that the processor has.
    pub fn new<T: Scalar>(sizes: &Sizes) -> Self {
        let [lanes, side] = simd::run_for::<T, _>(Width::<T>(PhantomData));
        Lists(Runs::new(sizes, lanes, side))
    }

    /// Size of the packed weights.
    pub fn packed(&self, sizes: &Sizes) -> usize {
        sizes.out_channels * self.0.packed
    }

    /// Packs weights, `[out_channels, in_channels / groups, kh, kw]`.
    pub fn pack<T: Scalar>(&self, weights: &[T], sizes: &Sizes) -> Buffer<T> {
        let mut packed = Buffer::zeros(self.packed(sizes));
        self.0.pack(weights, &mut packed);
        packed
    }

    /// Copies packed weights back.
    pub fn unpack<T: Scalar>(&self, packed: &[T], weights: &mut [T]) {
        self.0.unpack(packed, weights);
    }

    /// Computes the gradients of some images.
    #[inline(always)]
    pub fn gradients<S: Simd, T: Scalar>(&self, simd: S, mut task: Task<T>) {
        let (runs, sizes) = (&self.0, task.sizes);
        let corners = corners(sizes);
        let (out_image, pixels) = (sizes.out_image(), sizes.out_image() / sizes.out_channels);
        let mut at: Buffer<u32> = Buffer::any(pixels);
        let mut values: Buffer<T> = Buffer::any(pixels);
        let lanes = width::<T, S>();
        let mut cut: Buffer<T> = Buffer::any(if task.out.is_empty() { 0 } else { out_image });
        let mut image = Padded::new(sizes);
        let mut input = Padded::new(sizes);
        for (i, x) in task.x.chunks_exact(sizes.image()).enumerate() {
            let range = i * out_image..(i + 1) * out_image;
            let mut g = &task.g[range.clone()];
            if let Some(out) = task.out.get(range.clone()) {
                let chunks = g.chunks(lanes).zip(out.chunks(lanes));
                for (cut, (g, out)) in cut.chunks_mut(lanes).zip(chunks) {
                    let (g, out) = (T::load(simd, g), T::load(simd, out));
                    T::store(simd, cut, T::cut(simd, g, out));
                }
                g = &cut;
            }
            image.fill(x);
            let skip_zeros = task.skip_zeros && all_finite(x);
            for channel in 0..sizes.out_channels {
                let group = channel / sizes.out_per_group() * sizes.per_group();
                let g = g[channel..].iter().step_by(sizes.out_channels);
                let list = match task.index.get(range.clone()) {
                    Some(index) => {
                        let index = index[channel..].iter().step_by(sizes.out_channels);
                        let windows = index.map(|&corner| T::index(corner) + group);
                        list(windows.zip(g), skip_zeros, &mut at, &mut values)
                    }
                    None => {
                        let windows = corners.iter().map(|&corner| corner + group);
                        list(windows.zip(g), skip_zeros, &mut at, &mut values)
                    }
                };
                if let Some(bias) = &mut task.bias {
                    bias[channel] += list.values.iter().copied().sum();
                }
                let packed = channel * runs.packed..(channel + 1) * runs.packed;
                if let Some(weight) = &mut task.weight {
                    for pass in &runs.passes {
                        let sums = &mut weight[packed.clone()][pass.weight..];
                        add_cells(simd, pass, list, &image.cells, sums);
                    }
                }
                if task.input.is_some() {
                    let weights = &task.weights[packed];
                    add_weights(simd, runs, list, weights, &mut input.cells);
                }
            }
            if let Some(out) = &mut task.input {
                input.take(&mut out[i * sizes.image()..][..sizes.image()]);
            }
        }
    }
}

/// Asks for the number of lanes of a vector and for the [`side`] of a pass.
struct Width<T>(PhantomData<T>);

impl<T: Lanes> WithSimd for Width<T> {
    type Output = [usize; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [usize; 2] {
        [width::<T, S>(), side::<T, S>()]
    }
}
