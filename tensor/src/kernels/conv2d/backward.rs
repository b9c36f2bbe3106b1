//! Gradients of a convolution.
//!
//! The non-zero elements of the output's gradient are listed for each output channel. Each entry of
//! a list adds its multiple of the window below it to the weights' gradient, and its multiple of
//! the weights to the input's gradient. A gradient that comes from max-pooling is zero at most
//! places. Where few elements are zero, the input's gradient is computed as a convolution instead.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    padded::{Padded, corners},
    runs::Runs,
    transposed::transposed,
    walk::{add_cells, add_weights, list, side},
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        simd::{self, Lanes, width},
        sparse::all_finite,
    },
    pool,
};

/// The gradients that were requested.
pub struct Gradients<T: Scalar> {
    /// Of the input, `[images, h, w, in_channels]`.
    pub input: Option<Buffer<T>>,
    /// Of the weights, in their own order.
    pub weight: Option<Buffer<T>>,
    /// Of the bias.
    pub bias: Option<Buffer<T>>,
}

/// What the gradients are computed from.
pub struct Operands<'a, T: Scalar> {
    /// Gradient of the output, `[images, oh, ow, out_channels]`.
    pub g: &'a [T],
    /// The output.
    pub out: &'a [T],
    /// With max-pooling, the first cell of the window that each value is from; otherwise empty.
    pub index: &'a [T::Index],
    /// The input, `[images, h, w, in_channels]`.
    pub x: &'a [T],
    /// The weights, `[out_channels, in_channels / groups, kh, kw]`.
    pub w: &'a [T],
}

/// Computes the gradients of input, weights and bias that `want` asks for.
pub fn backward<T: Scalar>(from: Operands<T>, sizes: &Sizes, want: [bool; 3]) -> Gradients<T> {
    let Operands {
        g,
        out,
        index,
        x,
        w,
    } = from;
    let [lanes, side] = simd::run_for::<T, _>(Width::<T>(PhantomData));
    let runs = Runs::new(sizes, lanes, side);
    let mut weights = Buffer::zeros(sizes.out_channels * runs.packed);
    runs.pack(w, &mut weights);
    // Zero times a value that isn't finite is not zero.
    let skip_zeros = all_finite(w);

    // Each task sums over its own images; the partial sums are added in order.
    let images = sizes.images_a_task();
    let [image, out_image] = [sizes.image(), sizes.out_image()].map(|size| images * size);
    let tasks = sizes.images.div_ceil(images);
    let dense = if want[0] {
        transposed(g, w, sizes)
    } else {
        None
    };
    let mut input = (want[0] && dense.is_none()).then(|| Buffer::any(x.len()));
    let mut weight = want[1].then(|| Buffer::zeros(tasks * weights.len()));
    let mut bias = want[2].then(|| Buffer::zeros(tasks * sizes.out_channels));
    let mut inputs = parts(&mut input, image);
    let mut weight_sums = parts(&mut weight, weights.len());
    let mut bias_sums = parts(&mut bias, sizes.out_channels);
    let mut indices = index.chunks(out_image);
    let outs = g.chunks(out_image).zip(out.chunks(out_image));
    let tasks = x.chunks(image).zip(outs).map(|(x, (g, out))| Task {
        from: Operands {
            g,
            out,
            index: indices.next().unwrap_or_default(),
            x,
            w: &weights,
        },
        runs: &runs,
        sizes,
        skip_zeros,
        input: inputs.next(),
        weight: weight_sums.next(),
        bias: bias_sums.next(),
    });
    let tasks: Vec<_> = tasks.collect();
    pool::each(tasks, |_, task| simd::run_for::<T, _>(task));
    drop((inputs, weight_sums, bias_sums));

    Gradients {
        input: input.or(dense),
        weight: weight.map(|sums| {
            let mut weight = Buffer::any(w.len());
            runs.unpack(&total(&sums, weights.len()), &mut weight);
            weight
        }),
        bias: bias.map(|sums| total(&sums, sizes.out_channels)),
    }
}

fn parts<T: Scalar>(buffer: &mut Option<Buffer<T>>, size: usize) -> impl Iterator<Item = &mut [T]> {
    buffer
        .iter_mut()
        .flat_map(move |buffer| buffer.chunks_mut(size))
}

/// Adds parts of `size` values, in order.
fn total<T: Scalar>(parts: &[T], size: usize) -> Buffer<T> {
    let mut sum = Buffer::zeros(size);
    for part in parts.chunks_exact(size) {
        sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
    }
    sum
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

struct Task<'a, T: Scalar> {
    /// For some of the images; the weights are packed.
    from: Operands<'a, T>,
    runs: &'a Runs,
    sizes: &'a Sizes,
    /// Whether the weights are finite, so that zeros of the gradient can be skipped.
    skip_zeros: bool,
    input: Option<&'a mut [T]>,
    weight: Option<&'a mut [T]>,
    bias: Option<&'a mut [T]>,
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (sizes, lanes) = (self.sizes, width::<T, S>());
        let corners = corners(sizes);
        let (out_image, pixels) = (sizes.out_image(), sizes.out_image() / sizes.out_channels);
        let mut at: Buffer<u32> = Buffer::any(pixels);
        let mut values: Buffer<T> = Buffer::any(pixels);
        let mut cut: Buffer<T> = Buffer::any(out_image);
        let mut image = Padded::new(sizes);
        let mut input = Padded::new(sizes);
        for (i, x) in self.from.x.chunks_exact(sizes.image()).enumerate() {
            let range = i * out_image..(i + 1) * out_image;
            let mut g = &self.from.g[range.clone()];
            if sizes.relu {
                let out = &self.from.out[range.clone()];
                let chunks = g.chunks(lanes).zip(out.chunks(lanes));
                for (cut, (g, out)) in cut.chunks_mut(lanes).zip(chunks) {
                    let (g, out) = (T::load(simd, g), T::load(simd, out));
                    T::store(simd, cut, T::cut(simd, g, out));
                }
                g = &cut;
            }
            image.fill(x);
            let skip_zeros = self.skip_zeros && all_finite(x);
            for channel in 0..sizes.out_channels {
                let group = channel / sizes.out_per_group() * sizes.per_group();
                let g = g[channel..].iter().step_by(sizes.out_channels);
                let list = match self.from.index.get(range.clone()) {
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
                if let Some(bias) = &mut self.bias {
                    bias[channel] += list.values.iter().copied().sum();
                }
                let packed = channel * self.runs.packed..(channel + 1) * self.runs.packed;
                if let Some(weight) = &mut self.weight {
                    for pass in &self.runs.passes {
                        let sums = &mut weight[packed.clone()][pass.weight..];
                        add_cells(simd, pass, list, &image.cells, sums);
                    }
                }
                if self.input.is_some() {
                    let weights = &self.from.w[packed];
                    add_weights(simd, self.runs, list, weights, &mut input.cells);
                }
            }
            if let Some(out) = &mut self.input {
                input.take(&mut out[i * sizes.image()..][..sizes.image()]);
            }
        }
    }
}
