//! Gradients of a convolution.
//!
//! A gradient that comes from max-pooling is zero at most places, and so may be one that comes from
//! `relu`. Then the non-zero elements are listed ([`lists`]). Where few elements are zero, the
//! gradient of the input is a convolution ([`transposed`]), and that of the weights a product of
//! matrices ([`dense`]). Groups of few channels have kernels of their own ([`grouped`]).
//!
//! [`lists`]: super::lists
//! [`transposed`]: super::transposed
//! [`dense`]: super::dense
//! [`grouped`]: super::grouped

use super::{
    Sizes,
    dense::Dense,
    grouped::Blocks,
    lists::Lists,
    task::{Method, Task},
    transposed::transposed,
};
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        simd::{self, vectorized},
        sparse::{all_finite, count_not_zero},
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
    /// With max-pooling, where each value is from, as the forward pass labels pixels; otherwise
    /// empty.
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
    let sizes = &sizes.with_long_lines();
    // With max-pooling, the few values that remain are cut by the tasks.
    let (cut, out) = match sizes.max_pool {
        None if sizes.relu => (Some(before_relu(g, out)), &[][..]),
        Some(_) if sizes.relu => (None, out),
        _ => (None, &[][..]),
    };
    let g = cut.as_deref().unwrap_or(g);
    let (method, convolved) = method(g, w, sizes, want[0]);
    let want_input = want[0] && convolved.is_none();
    let weights = method.pack(w, sizes);

    // Each task sums over its own images; the partial sums are added in order.
    let images = sizes.images_a_task();
    let [image, out_image] = [sizes.image(), sizes.out_image()].map(|size| images * size);
    let tasks = sizes.images.div_ceil(images);
    let packed = method.packed(sizes);
    let mut input = want_input.then(|| Buffer::any(x.len()));
    let mut weight = want[1].then(|| Buffer::any(tasks * packed));
    let mut bias = want[2].then(|| Buffer::any(tasks * sizes.out_channels));
    let mut inputs = parts(&mut input, image);
    let mut weight_sums = parts(&mut weight, packed);
    let mut bias_sums = parts(&mut bias, sizes.out_channels);
    let mut indices = index.chunks(out_image);
    let mut outs = out.chunks(out_image);
    // Zero times a value that isn't finite is not zero.
    let skip_zeros = all_finite(w);
    let tasks = x.chunks(image).zip(g.chunks(out_image));
    let tasks = tasks.map(|(x, g)| Task {
        g,
        out: outs.next().unwrap_or_default(),
        index: indices.next().unwrap_or_default(),
        x,
        weights: &weights,
        method: &method,
        sizes,
        skip_zeros,
        input: inputs.next(),
        weight: weight_sums.next(),
        bias: bias_sums.next(),
    });
    let tasks: Vec<_> = tasks.collect();
    pool::each(tasks, |_, mut task| {
        let sums = [&mut task.weight, &mut task.bias];
        sums.into_iter()
            .flatten()
            .for_each(|sums| sums.fill(T::zero()));
        simd::run_for::<T, _>(task);
    });
    drop((inputs, weight_sums, bias_sums));

    Gradients {
        input: input.or(convolved),
        weight: weight.map(|sums| {
            let mut weight = Buffer::any(w.len());
            method.unpack(&total(&sums, packed), &mut weight);
            weight
        }),
        bias: bias.map(|sums| total(&sums, sizes.out_channels)),
    }
}

/// Selects the method, and computes the gradient of the input if it is a convolution.
fn method<T: Scalar>(
    g: &[T],
    w: &[T],
    sizes: &Sizes,
    want_input: bool,
) -> (Method, Option<Buffer<T>>) {
    let convolved = |allowed: bool| match want_input && allowed && sizes.max_pool.is_none() {
        true => transposed(g, w, sizes),
        false => None,
    };
    if let Some(blocks) = Blocks::new(sizes) {
        let convolved = convolved(sizes.window.stride == [1; 2]);
        return (Method::Blocks(blocks), convolved);
    }
    let is_dense = sizes.max_pool.is_none() && is_dense(g);
    let convolved = convolved(is_dense);
    let method = match is_dense && want_input == convolved.is_some() {
        true => Method::Dense(Dense::new(sizes)),
        false => Method::Lists(Lists::new::<T>(sizes)),
    };
    (method, convolved)
}

fn parts<T: Scalar>(buffer: &mut Option<Buffer<T>>, size: usize) -> impl Iterator<Item = &mut [T]> {
    buffer
        .iter_mut()
        .flat_map(move |buffer| buffer.chunks_mut(size))
}

/// Sums of a task that adds parts.
const SUMS: usize = 1 << 11;

/// Adds parts of `size` values, in order.
fn total<T: Scalar>(parts: &[T], size: usize) -> Buffer<T> {
    let mut sum = Buffer::zeros(size);
    pool::each(sum.chunks_mut(SUMS), |i, sum| {
        for part in parts.chunks_exact(size) {
            let part = &part[i * SUMS..];
            sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
        }
    });
    sum
}

/// Elements of a task.
const CHUNK: usize = 1 << 16;

/// Returns the gradient before `relu`, given that after it: zero where the output is not positive.
fn before_relu<T: Scalar>(g: &[T], out: &[T]) -> Buffer<T> {
    let mut cut = Buffer::any(g.len());
    let chunks = g.chunks(CHUNK).zip(out.chunks(CHUNK));
    pool::each(chunks.zip(cut.chunks_mut(CHUNK)), |_, ((g, out), cut)| {
        vectorized(
            #[inline(always)]
            || {
                for ((cut, &g), &out) in cut.iter_mut().zip(g).zip(out) {
                    *cut = if out <= T::zero() { T::zero() } else { g };
                }
            },
        );
    });
    cut
}

/// Returns whether more than a third of the elements are not zero: the lists of as many take longer
/// than the products of all.
fn is_dense<T: Scalar>(g: &[T]) -> bool {
    3 * count_not_zero(g) > g.len()
}
