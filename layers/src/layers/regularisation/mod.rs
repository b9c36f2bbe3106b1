//! Regularization layers. In evaluation, all of them are the identity.

pub mod alpha_dropout;
pub mod drop_path;
pub mod dropout;
pub mod dropout2d;
pub mod gaussian_noise;

use rand::RngCore;
use tapeline_spec::Arg;
use tapeline_tensor::{Tensor, Var, buffer::Buffer, pool, vectorized};

use crate::{Ctx, Element, Stream};

const P: Arg<f64> = Arg::new("p", "drop probability")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// Elements that one thread samples at a time.
const CHUNK: usize = 1 << 14;

/// Samples a mask: zeros with probability `p`, `kept` otherwise. Each element depends on its
/// position alone, with the channels of an image last, which is the order of images in memory.
fn mask<T: Element>(
    cx: &Ctx<'_, '_, T>,
    stream: Stream,
    shape: &[usize],
    p: f64,
    kept: f64,
) -> Tensor<T> {
    let mut values: Buffer<T> = Buffer::any(shape.iter().product());
    let fill = sampler(cx, stream, p, kept);
    pool::each(values.chunks_mut(CHUNK), |i, values| {
        fill(i * CHUNK, values)
    });
    shaped(values, shape)
}

/// Returns a function that fills a slice with the elements of a [`mask`] from a position on.
pub(super) fn sampler<T: Element>(
    cx: &Ctx<'_, '_, T>,
    stream: Stream,
    p: f64,
    kept: f64,
) -> impl Fn(usize, &mut [T]) + Send + Sync + 'static {
    let (rng, kept) = (cx.rng(stream), T::of(kept));
    // Dropped are the numbers of 32 bits below it.
    let dropped = (p * 2f64.powi(32)) as u64;
    move |position, values| {
        let mut rng = rng.clone();
        rng.set_word_pos(position as u128);
        let mut numbers = [[0; 4]; 256];
        for values in values.chunks_mut(numbers.len()) {
            rng.fill_bytes(numbers.as_flattened_mut());
            vectorized(
                #[inline(always)]
                || {
                    for (value, &number) in values.iter_mut().zip(&numbers) {
                        let is_dropped = u64::from(u32::from_le_bytes(number)) < dropped;
                        *value = if is_dropped { T::zero() } else { kept };
                    }
                },
            );
        }
    }
}

/// Returns the factor of what is not dropped with probability `p` that preserves the mean.
pub(super) fn kept(p: f64) -> f64 {
    if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 }
}

/// Returns a tensor of values in row-major order, but with the channels of an image last.
fn shaped<T: Element>(values: Buffer<T>, shape: &[usize]) -> Tensor<T> {
    match *shape {
        [n, channels, h, w] => values
            .into_tensor(&[n, h, w, channels])
            .permuted_axes(vec![0, 3, 1, 2]),
        _ => values.into_tensor(shape),
    }
}

/// Multiplies `x` by a random mask of `shape`, which is broadcast over `x`: zeros with probability
/// `p`, otherwise the factor that preserves the mean.
fn masked<'t, T: Element>(
    cx: &Ctx<'t, '_, T>,
    stream: Stream,
    x: Var<'t, T>,
    shape: &[usize],
    p: f64,
) -> Var<'t, T> {
    if !cx.training() || p == 0.0 {
        return x;
    }
    x * cx.tape().constant(mask(cx, stream, shape, p, kept(p)))
}
