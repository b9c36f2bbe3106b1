//! The input's gradient as a convolution: faster than listing the non-zero elements of the gradient
//! where few are zero.

use super::{Sizes, forward::forward};
use crate::{Scalar, buffer::Buffer, kernels::simd::vectorized};

/// Returns the input's gradient, `[images, h, w, in_channels]`: the gradient `g` convolved with the
/// flipped weights. `None` if the sizes don't allow it, or at least half of `g` is zero.
pub fn transposed<T: Scalar>(g: &[T], w: &[T], sizes: &Sizes) -> Option<Buffer<T>> {
    let sizes = turned(sizes)?;
    let nonzero = |g: &[T]| g.iter().map(|g| u32::from(g.is_not_zero())).sum::<u32>() as usize;
    let count: usize = vectorized(
        #[inline(always)]
        || g.chunks(1 << 16).map(nonzero).sum(),
    );
    (2 * count > g.len()).then(|| forward(g, &turn(w, &sizes), None, &sizes).0)
}

/// Returns the sizes of the transposed convolution. There is none for strides above 1, or where
/// whole windows lie in the padding.
fn turned(sizes: &Sizes) -> Option<Sizes> {
    let mut window = sizes.window;
    if sizes.relu || sizes.max_pool.is_some() || window.stride != [1, 1] {
        return None;
    }
    window.input = window.output().ok()?;
    for (padding, extent) in window.padding.iter_mut().zip(sizes.window.extent()) {
        for side in padding {
            *side = (extent - 1).checked_sub(*side)?;
        }
    }
    Some(Sizes {
        in_channels: sizes.out_channels,
        out_channels: sizes.in_channels,
        window,
        ..*sizes
    })
}

/// Turns weights `[out, in / groups, kh, kw]` into `[in, out / groups, kh, kw]`, each window
/// flipped vertically and horizontally; `sizes` are those of the result.
fn turn<T: Scalar>(w: &[T], sizes: &Sizes) -> Buffer<T> {
    let (from, to) = (sizes.per_group(), sizes.out_per_group());
    let cells: usize = sizes.window.kernel.iter().product();
    let mut turned = Buffer::any(w.len());
    for (place, out) in turned.chunks_exact_mut(cells).enumerate() {
        let (channel, source) = (place / from, place % from);
        let (group, channel) = (channel / to, channel % to);
        let first = ((group * from + source) * to + channel) * cells;
        let window = w[first..first + cells].iter().rev();
        out.iter_mut().zip(window).for_each(|(out, &w)| *out = w);
    }
    turned
}
