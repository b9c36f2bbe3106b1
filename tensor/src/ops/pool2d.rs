//! Pooling.

use super::{
    conv2d::slice,
    shape::{channels_last, standard},
};
use crate::{
    Scalar, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{as_channels_last, channels_last_slice},
        maxpool2d as kernel,
    },
    ops::Window,
};

/// How the window of a max-pooling moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Steps between windows, down and across.
    pub stride: [usize; 2],
    /// Cells added above and below, left and right; at most half of the kernel. They never win.
    pub padding: [usize; 2],
}

impl MaxPool2d {
    /// Its windows over a plane, and how many there are, down and across.
    #[track_caller]
    pub(crate) fn window(self, plane: [usize; 2]) -> (Window, [usize; 2]) {
        let MaxPool2d {
            kernel,
            stride,
            padding,
        } = self;
        let fits = padding[0] <= kernel[0] / 2 && padding[1] <= kernel[1] / 2;
        assert!(
            fits,
            "max_pool2d: padding {padding:?} is more than half of kernel {kernel:?}"
        );
        let window = Window {
            stride,
            padding: padding.map(|p| [p, p]),
            ..Window::new(plane, kernel)
        };
        match window.output() {
            Ok(size) => (window, size),
            Err(reason) => panic!("max_pool2d: {reason}"),
        }
    }
}

/// The maximum of each window of `x`, `[n, channels, h, w]`: gives `[n, channels, oh, ow]`. (`torch.nn.functional.max_pool2d`)
///
/// Padding counts as −∞, the first maximum in row order takes a tie, gradients of overlapping windows add up, and NaN wins over all.
///
/// # Panics
/// When `x` has other than four dimensions, the padding is more than half the kernel, or a window is larger than the padded plane.
#[track_caller]
pub fn max_pool2d<T: Scalar>(x: Var<'_, T>, options: MaxPool2d) -> Var<'_, T> {
    let input = x.value();
    let input = match channels_last_slice(&input) {
        Some(_) => input,
        None => standard(input),
    };
    let &[n, channels, height, width] = input.shape() else {
        panic!(
            "max_pool2d: four dimensions are wanted, not {:?}",
            input.shape()
        );
    };
    let (window, [oh, ow]) = options.window([height, width]);
    let (shape, from) = ([n, channels, oh, ow], [n, channels, height, width]);
    let (side, cells) = match channels_last_slice(&input) {
        Some((cells, _)) => (channels, cells),
        None => (1, slice(&input)),
    };
    let tensor = move |x: Buffer<T>, shape: [usize; 4]| match side {
        1 => x.into_tensor(&shape),
        _ => as_channels_last(x, shape),
    };
    let (value, index) = kernel::forward(cells, side, &window);
    x.tape()
        .op("max_pool2d", tensor(value, shape), [x], move |g, _| {
            let g = if side == 1 {
                standard(g)
            } else {
                channels_last(g)
            };
            let cells = g.as_slice_memory_order();
            let cells = cells.unwrap_or_else(|| unreachable!("contiguous"));
            let dx = kernel::backward(cells, &index, side, &window);
            give_back(g);
            [Some(tensor(dx, from))]
        })
}
