//! Pooling.

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::layout::{as_channels_last, channels_last, slice},
    ops::Window,
};

/// Options of a max-pooling.
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
    /// Returns its windows over a plane, and their number down and across.
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

/// Computes the maximum of each window of `x`, `[n, channels, h, w]`: returns `[n, channels, oh,
/// ow]`. (`torch.nn.functional.max_pool2d`)
///
/// Padding counts as −∞, the first maximum in row order wins a tie, gradients of overlapping
/// windows add up, and NaN wins over everything.
///
/// # Panics
/// When `x` doesn't have four dimensions, the padding is more than half the kernel, or a window is
/// larger than the padded plane.
#[track_caller]
pub fn max_pool2d<T: Scalar>(x: Var<'_, T>, options: MaxPool2d) -> Var<'_, T> {
    let input = x.value();
    let &[n, channels, height, width] = input.shape() else {
        panic!(
            "max_pool2d: four dimensions are wanted, not {:?}",
            input.shape()
        );
    };
    let (window, [oh, ow]) = options.window([height, width]);
    let input = channels_last(input.clone());
    let (value, index) = T::max_pool2d(slice(&input), channels, &window);
    let value = as_channels_last(value, [n, channels, oh, ow]);
    x.tape().op("max_pool2d", value, [x], move |g, _| {
        let g = channels_last(g);
        let dx = T::max_pool2d_backward(slice(&g), &index, channels, &window);
        give_back(g);
        [Some(as_channels_last(dx, [n, channels, height, width]))]
    })
}
