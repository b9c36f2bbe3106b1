//! Pooling.

use crate::{
    Scalar, Tensor, Var,
    kernels::maxpool2d as kernel,
    ops::{
        Window,
        conv2d::{slice, standard},
    },
};

/// The maximum of each window of `x`, `[n, channels, h, w]`: gives `[n, channels, oh, ow]`. (`torch.nn.functional.max_pool2d`)
///
/// Padding counts as −∞, the first maximum in row order takes a tie, gradients of overlapping windows add up, and NaN wins over all.
///
/// # Panics
/// When `x` has other than four dimensions, the padding is more than half the kernel, or a window is larger than the padded plane.
#[track_caller]
pub fn max_pool2d<T: Scalar>(
    x: Var<'_, T>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Var<'_, T> {
    let input = standard(x.value());
    let &[n, channels, height, width] = input.shape() else {
        panic!(
            "max_pool2d: four dimensions are wanted, not {:?}",
            input.shape()
        );
    };
    let fits = padding[0] <= kernel[0] / 2 && padding[1] <= kernel[1] / 2;
    assert!(
        fits,
        "max_pool2d: padding {padding:?} is more than half of kernel {kernel:?}"
    );
    let window = Window {
        stride,
        padding: padding.map(|p| [p, p]),
        ..Window::new([height, width], kernel)
    };
    let [oh, ow] = match window.output() {
        Ok(size) => size,
        Err(reason) => panic!("max_pool2d: {reason}"),
    };

    let shape = vec![n, channels, oh, ow];
    let mut out = vec![T::zero(); shape.iter().product()];
    let mut index = vec![0; out.len()];
    if !out.is_empty() {
        kernel::forward(slice(&input), &window, &mut out, &mut index);
    }
    let out = Tensor::from_shape_vec(shape, out).unwrap_or_else(|e| unreachable!("{e}"));
    x.tape().op("max_pool2d", out, [x], move |g, _| {
        let mut dx = Tensor::zeros(vec![n, channels, height, width]);
        if let Some(dx) = dx.as_slice_mut().filter(|dx| !dx.is_empty()) {
            kernel::backward(slice(&standard(g)), &index, &window, dx);
        }
        [Some(dx)]
    })
}
