//! Means over rectangles of planes.

use std::ops::Range;

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::{
        avg_pool2d as kernel,
        layout::{as_channels_last, channels_last, slice},
    },
    ops::Window,
};

/// Options of an average pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Steps between windows, down and across.
    pub stride: [usize; 2],
    /// Zeros added above and below, left and right; at most half of the kernel.
    pub padding: [usize; 2],
    /// Whether a window's mean counts the padding in it.
    pub count_include_pad: bool,
}

/// Computes the mean of each window of `x`, `[n, channels, h, w]`: returns `[n, channels, oh, ow]`.
/// (`torch.nn.functional.avg_pool2d`)
///
/// # Panics
/// When `x` doesn't have four dimensions, the padding is more than half the kernel, or a window is
/// larger than the padded plane.
#[track_caller]
pub fn avg_pool2d<T: Scalar>(x: Var<'_, T>, options: AvgPool2d) -> Var<'_, T> {
    let AvgPool2d {
        kernel,
        stride,
        padding,
        count_include_pad,
    } = options;
    let fits = padding[0] <= kernel[0] / 2 && padding[1] <= kernel[1] / 2;
    assert!(
        fits,
        "avg_pool2d: padding {padding:?} is more than half of kernel {kernel:?}"
    );
    let window = Window {
        stride,
        padding: padding.map(|p| [p, p]),
        ..Window::new(plane("avg_pool2d", x), kernel)
    };
    if let Err(reason) = window.output() {
        panic!("avg_pool2d: {reason}");
    }
    let places = [0, 1].map(|axis| window.places(axis).collect());
    let count = count_include_pad.then_some(kernel[0] * kernel[1]);
    means("avg_pool2d", x, places, count)
}

/// Computes the means of `x`, `[n, channels, h, w]`, over `size` parts of each plane, which overlap
/// by a cell if the plane's size isn't divisible: returns `[n, channels, size[0], size[1]]`.
/// (`torch.nn.functional.adaptive_avg_pool2d`)
///
/// # Panics
/// When `x` doesn't have four dimensions, or a size of the planes or of `size` is 0.
#[track_caller]
pub fn adaptive_avg_pool2d<T: Scalar>(x: Var<'_, T>, size: [usize; 2]) -> Var<'_, T> {
    let plane = plane("adaptive_avg_pool2d", x);
    assert!(
        !plane.contains(&0) && !size.contains(&0),
        "adaptive_avg_pool2d: planes of {plane:?} to {size:?}"
    );
    let places = [0, 1].map(|axis| {
        let (from, to) = (plane[axis], size[axis]);
        let parts = (0..to).map(|i| i * from / to..((i + 1) * from).div_ceil(to));
        parts.collect()
    });
    means("adaptive_avg_pool2d", x, places, None)
}

#[track_caller]
fn plane<T: Scalar>(name: &str, x: Var<'_, T>) -> [usize; 2] {
    match x.shape()[..] {
        [_, _, height, width] => [height, width],
        ref shape => panic!("{name}: four dimensions are wanted, not {shape:?}"),
    }
}

/// Sums over each rectangle and divides by `count`, or by the number of its cells.
fn means<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    places: [Vec<Range<usize>>; 2],
    count: Option<usize>,
) -> Var<'t, T> {
    let input = channels_last(x.value());
    let &[n, channels, height, width] = input.shape() else {
        unreachable!("its shape has been seen");
    };
    let windows = kernel::Windows::new([height, width], channels, &places, count);
    let out = T::avg_pool2d(slice(&input), n, &windows);
    let out = as_channels_last(out, [n, channels, places[0].len(), places[1].len()]);
    x.tape().op(name, out, [x], move |g, _| {
        let g = channels_last(g);
        let dx = T::avg_pool2d_backward(slice(&g), n, &windows);
        give_back(g);
        [Some(as_channels_last(dx, [n, channels, height, width]))]
    })
}
