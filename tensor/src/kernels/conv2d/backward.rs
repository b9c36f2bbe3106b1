//! The gradients of a convolution.
//!
//! What isn't zero in the gradient of the output is listed for each output channel, and the lists are walked: each entry adds its multiple of
//! the window under it to the weights' gradient, and its multiple of the weights to the input's. A gradient that comes back through
//! max-pooling is zero in most places; one that is zero nowhere costs about what a dense product would.

use pulp::{Simd, WithSimd};

use super::{
    Sizes,
    padded::{Padded, Strides},
    runs::{Pass, Runs},
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

/// The gradients that are wanted.
pub struct Gradients<T: Scalar> {
    /// Of the input, `[images, h, w, in_channels]`.
    pub input: Option<Buffer<T>>,
    /// Of the weights, in their own order.
    pub weight: Option<Buffer<T>>,
    /// Of the bias.
    pub bias: Option<Buffer<T>>,
}

/// The gradients for `g`, `[images, oh, ow, out_channels]`; `want` says which: of input, weights, bias.
pub fn backward<T: Scalar>(
    g: &[T],
    x: &[T],
    w: &[T],
    sizes: &Sizes,
    want: [bool; 3],
) -> Gradients<T> {
    let runs = Runs::new(sizes, simd::run(Width::<T>::new()));
    let mut weights = Buffer::zeros(sizes.out_channels * runs.packed);
    runs.pack(w, &mut weights);

    // Zero times what isn't finite is not zero.
    let skip_zeros = all_finite(w) && all_finite(x);

    // Each task sums over its own images; the sums are added in order.
    let images = sizes.images_a_task();
    let tasks = sizes.images.div_ceil(images);
    let mut input = want[0].then(|| Buffer::any(x.len()));
    let mut weight = want[1].then(|| Buffer::zeros(tasks * weights.len()));
    let mut bias = want[2].then(|| Buffer::zeros(tasks * sizes.out_channels));
    let mut inputs = parts(&mut input, images * sizes.image());
    let mut weight_sums = parts(&mut weight, weights.len());
    let mut bias_sums = parts(&mut bias, sizes.out_channels);
    let tasks = (x
        .chunks(images * sizes.image())
        .zip(g.chunks(images * sizes.out_image())))
    .map(|(x, g)| Task {
        x,
        g,
        weights: &weights,
        runs: &runs,
        sizes,
        skip_zeros,
        input: inputs.next(),
        weight: weight_sums.next(),
        bias: bias_sums.next(),
    });
    let tasks: Vec<_> = tasks.collect();
    pool::each(tasks, |_, task| simd::run(task));
    drop((inputs, weight_sums, bias_sums));

    Gradients {
        input,
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

/// The sum of parts of `size` numbers, added in order.
fn total<T: Scalar>(parts: &[T], size: usize) -> Buffer<T> {
    let mut sum = Buffer::zeros(size);
    for part in parts.chunks_exact(size) {
        sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
    }
    sum
}

/// Asks for the number of lanes of a vector.
struct Width<T>(std::marker::PhantomData<T>);

impl<T> Width<T> {
    fn new() -> Self {
        Width(std::marker::PhantomData)
    }
}

impl<T: Lanes> WithSimd for Width<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        width::<T, S>()
    }
}

struct Task<'a, T: Scalar> {
    x: &'a [T],
    g: &'a [T],
    weights: &'a [T],
    runs: &'a Runs,
    sizes: &'a Sizes,
    /// Whether zeros of `g` may be left out.
    skip_zeros: bool,
    input: Option<&'a mut [T]>,
    weight: Option<&'a mut [T]>,
    bias: Option<&'a mut [T]>,
}

impl<T: Scalar> WithSimd for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let sizes = self.sizes;
        let corners = corners(sizes);
        let mut at: Buffer<u32> = Buffer::any(corners.len());
        let mut values: Buffer<T> = Buffer::any(corners.len());
        let mut image = Padded::new(sizes);
        let mut input = Padded::new(sizes);
        let images = self.x.chunks_exact(sizes.image());
        for (i, (x, g)) in images
            .zip(self.g.chunks_exact(sizes.out_image()))
            .enumerate()
        {
            image.fill(x);
            for channel in 0..sizes.out_channels {
                let group = channel / sizes.out_per_group() * sizes.per_group();
                let mut count = 0;
                let g = g[channel..].iter().step_by(sizes.out_channels);
                for (&g, &corner) in g.zip(&corners) {
                    // Written in any case and kept only if counted: a branch would be guessed wrong too often.
                    at[count] = corner + group as u32;
                    values[count] = g;
                    count += usize::from(!self.skip_zeros || g != T::zero());
                }
                let list = List {
                    at: &at[..count],
                    values: &values[..count],
                };
                if let Some(bias) = &mut self.bias {
                    bias[channel] += list.values.iter().copied().sum();
                }
                let packed = channel * self.runs.packed;
                for pass in &self.runs.passes {
                    if let Some(weight) = &mut self.weight {
                        let sums = &mut weight[packed + pass.weight..];
                        dispatch(
                            simd,
                            pass,
                            list,
                            Walk::Weight {
                                cells: &image.cells,
                                sums,
                            },
                        );
                    }
                    if self.input.is_some() {
                        let weights = &self.weights[packed + pass.weight..];
                        dispatch(
                            simd,
                            pass,
                            list,
                            Walk::Input {
                                cells: &mut input.cells,
                                weights,
                            },
                        );
                    }
                }
            }
            if let Some(out) = &mut self.input {
                input.take(&mut out[i * sizes.image()..][..sizes.image()]);
            }
        }
    }
}

/// The first cell of each window.
fn corners(sizes: &Sizes) -> Vec<u32> {
    let [h, w] = sizes.window.output().unwrap_or_default();
    let [down, across] = Strides::new(sizes).window;
    let corners = (0..h).flat_map(|y| (0..w).map(move |x| y * down + x * across));
    corners.map(|corner| corner as u32).collect()
}

/// Entries of a gradient: the first cells of their windows, and their values.
#[derive(Clone, Copy)]
struct List<'a, T> {
    at: &'a [u32],
    values: &'a [T],
}

impl<T: Scalar> List<'_, T> {
    #[inline(always)]
    fn iter(self) -> impl Iterator<Item = (usize, T)> {
        let pairs = self.at.iter().zip(self.values);
        pairs.map(|(&at, &value)| (at as usize, value))
    }
}

/// What a walk along a list adds to.
enum Walk<'a, T> {
    /// The weights' gradient: what is under the window.
    Weight { cells: &'a [T], sums: &'a mut [T] },
    /// The input's gradient: the weights.
    Input {
        cells: &'a mut [T],
        weights: &'a [T],
    },
}

#[inline(always)]
fn dispatch<S: Simd, T: Scalar>(simd: S, pass: &Pass, list: List<T>, walk: Walk<T>) {
    macro_rules! of {
        ($($vectors:literal: $($runs:literal)*;)*) => {
            match (pass.vectors, pass.runs) {
                $($(($vectors, $runs) => self::walk::<S, T, $runs, $vectors>(simd, pass, list, walk),)*)*
                _ => unreachable!("a pass has at most 12 sums"),
            }
        };
    }
    of! {
        1: 1 2 3 4 5 6;
        2: 1 2 3 4 5 6;
        3: 1 2 3 4;
        4: 1 2 3;
        5: 1 2;
        6: 1 2;
    }
}

#[inline(always)]
fn walk<S: Simd, T: Scalar, const RUNS: usize, const VECTORS: usize>(
    simd: S,
    pass: &Pass,
    list: List<T>,
    walk: Walk<T>,
) {
    let len = VECTORS * width::<T, S>();
    let zero = [[T::splat(simd, T::zero()); VECTORS]; RUNS];
    match walk {
        Walk::Weight { cells, sums: out } => {
            let mut sums = zero;
            for (i, sums) in sums.iter_mut().enumerate() {
                let out = T::vectors::<S>(&out[i * pass.packed_stride..][..len]);
                sums.copy_from_slice(out);
            }
            for (at, g) in list.iter() {
                let g = T::splat(simd, g);
                for (i, sums) in sums.iter_mut().enumerate() {
                    let cells = &cells[at + pass.cell + i * pass.stride..][..len];
                    for (sum, &cell) in sums.iter_mut().zip(T::vectors::<S>(cells)) {
                        *sum = T::fma(simd, g, cell, *sum);
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                let out = T::vectors_mut::<S>(&mut out[i * pass.packed_stride..][..len]);
                out.copy_from_slice(sums);
            }
        }
        Walk::Input {
            cells,
            weights: packed,
        } => {
            let mut weights = zero;
            for (i, weights) in weights.iter_mut().enumerate() {
                let packed = T::vectors::<S>(&packed[i * pass.packed_stride..][..len]);
                weights.copy_from_slice(packed);
            }
            for (at, g) in list.iter() {
                let g = T::splat(simd, g);
                for (i, weights) in weights.iter().enumerate() {
                    let cells = &mut cells[at + pass.cell + i * pass.stride..][..len];
                    for (cell, &weight) in T::vectors_mut::<S>(cells).iter_mut().zip(weights) {
                        *cell = T::fma(simd, g, weight, *cell);
                    }
                }
            }
        }
    }
}
