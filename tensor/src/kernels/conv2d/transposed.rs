//! The input's gradient as a convolution.

use super::{
    Packed, Sizes,
    forward::{Grid, convolve, forward},
};
use crate::{Scalar, buffer::Buffer, ops::Window, pool};

/// Returns the input's gradient, `[images, h, w, in_channels]`, given that of the convolution: `g`
/// convolved with the flipped weights. `None` if the sizes don't allow it.
///
/// With a stride of `s`, every `s`-th cell of a line meets every `s`-th weight of a window only:
/// each of these sets is a convolution of its own.
pub fn transposed<T: Scalar>(g: &[T], w: &[T], sizes: &Sizes) -> Option<Buffer<T>> {
    let parts = [0, 1].map(|axis| Part::all(&sizes.window, axis));
    let [down, across] = [parts[0].as_ref()?, parts[1].as_ref()?];
    let kernel = sizes.window.kernel;
    if sizes.window.stride == [1, 1] {
        let part = [down.first()?, across.first()?];
        let turned = turned(sizes, part);
        let w = turn(w, &turned, kernel, part);
        let w = Packed::new(&w, &turned.with_long_lines());
        return Some(forward(g, &w, None, &turned).0);
    }
    let len = sizes.images * sizes.image();
    let covered = |parts: &[Part]| parts.iter().map(|part| part.cells).sum::<usize>();
    // Cells that no window covers stay zero.
    let mut input = match covered(down) * covered(across) == sizes.window.area() {
        true => Buffer::any(len),
        false => Buffer::zeros(len),
    };
    let (channels, width) = (sizes.in_channels, sizes.window.input[1]);
    for part in down.iter().flat_map(|y| across.iter().map(move |x| [y, x])) {
        let (turned, [y, x]) = (turned(sizes, part), part);
        let grid = Grid {
            image: sizes.image(),
            first: (y.first_cell * width + x.first_cell) * channels,
            line: y.stride * width * channels,
            pixel: x.stride * channels,
        };
        let w = Packed::new(&turn(w, &turned, kernel, part), &turned);
        convolve(g, (&w, None), &turned, &grid, (&mut input, &mut []));
    }
    Some(input)
}

/// Along one axis: cells that meet the same weights.
struct Part {
    /// Distance between the cells, and between the weights.
    stride: usize,
    first_cell: usize,
    cells: usize,
    first_weight: usize,
    weights: usize,
    /// Zeros before and after the output's gradient.
    padding: [usize; 2],
    dilation: usize,
    /// Size of the output's gradient.
    input: usize,
}

impl Part {
    /// `None` if whole windows lie in the padding, or there are both strides and gaps.
    fn all(window: &Window, axis: usize) -> Option<Vec<Self>> {
        let input = window.output().ok()?[axis];
        let (size, kernel, stride) = (window.input[axis], window.kernel[axis], window.stride[axis]);
        let (before, dilation) = (window.padding[axis][0], window.dilation[axis]);
        if stride > 1 && dilation > 1 {
            return None;
        }
        let mut parts = Vec::new();
        for first_weight in 0..stride.min(kernel) {
            let first_cell = (first_weight + stride - before % stride) % stride;
            if first_cell >= size {
                continue;
            }
            let cells = (size - first_cell).div_ceil(stride);
            let weights = (kernel - first_weight).div_ceil(stride);
            // The last window that covers the first cell.
            let last = (first_cell + before - first_weight) / stride;
            parts.push(Part {
                stride,
                first_cell,
                cells,
                first_weight,
                weights,
                padding: [
                    ((weights - 1) * dilation).checked_sub(last)?,
                    (last + cells).checked_sub(input)?,
                ],
                dilation,
                input,
            });
        }
        Some(parts)
    }
}

/// Sizes of the transposed convolution for a part.
fn turned(sizes: &Sizes, part: [&Part; 2]) -> Sizes {
    Sizes {
        in_channels: sizes.out_channels,
        out_channels: sizes.in_channels,
        window: Window {
            input: part.map(|part| part.input),
            kernel: part.map(|part| part.weights),
            stride: [1; 2],
            padding: part.map(|part| part.padding),
            dilation: part.map(|part| part.dilation),
        },
        relu: false,
        max_pool: None,
        ..*sizes
    }
}

/// Turns the weights of a part, of `[out, in / groups, kh, kw]`, into `[in, out / groups, h, w]`,
/// each window flipped vertically and horizontally; `sizes` are those of the result.
fn turn<T: Scalar>(w: &[T], sizes: &Sizes, kernel: [usize; 2], part: [&Part; 2]) -> Buffer<T> {
    let (from, to) = (sizes.per_group(), sizes.out_per_group());
    let area = kernel[0] * kernel[1];
    let [down, across] = part.map(|part| {
        let weights = (0..part.weights).rev();
        weights.map(|i| part.first_weight + i * part.stride)
    });
    let cells = down.flat_map(|y| across.clone().map(move |x| y * kernel[1] + x));
    let cells: Vec<_> = cells.collect();
    let mut turned = Buffer::any(w.len() / area * cells.len());
    // All windows that lead to a channel.
    pool::each(turned.chunks_mut(from * cells.len()), |channel, outs| {
        let (group, channel) = (channel / to, channel % to);
        for (source, out) in outs.chunks_exact_mut(cells.len()).enumerate() {
            let first = ((group * from + source) * to + channel) * area;
            let window = &w[first..first + area];
            let cells = out.iter_mut().zip(&cells);
            cells.for_each(|(out, &cell)| *out = window[cell]);
        }
    });
    turned
}
