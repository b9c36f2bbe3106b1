//! Max-pooling, window by window.

use ndarray::ArrayD;

use super::narrow;
use crate::{Scalar, Tensor, Window};

/// `out[n, c, y, x] = max input[n, c, i, j]` over the cells `(i, j)` under the window at `(y, x)`.
pub fn max_pool2d<T: Scalar>(
    input: &Tensor<T>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<T> {
    let (shape, winners) = winners(input, kernel, stride, padding);
    let values = winners.into_iter().map(|winner| input[winner]).collect();
    Tensor::from_shape_vec(shape.to_vec(), values).unwrap_or_else(|e| unreachable!("{e}"))
}

/// Returns the gradient of the input, given that of the result: each window passes its own to the
/// cell of its maximum.
pub fn max_pool2d_gradient<T: Scalar>(
    input: &Tensor<T>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    g: &Tensor<T>,
) -> Tensor<T> {
    let mut dx = ArrayD::zeros(input.shape());
    let winners = winners(input, kernel, stride, padding).1;
    for (winner, g) in winners.into_iter().zip(g) {
        dx[winner] += g.widen();
    }
    narrow(dx)
}

/// Returns the shape of the result, and for each of its elements the index of the maximum in the
/// input: the first of equals, or the first NaN.
fn winners<T: Scalar>(
    input: &Tensor<T>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> ([usize; 4], Vec<[usize; 4]>) {
    let &[images, channels, height, width] = input.shape() else {
        panic!("plain::max_pool2d: input {:?}", input.shape());
    };
    let window = Window {
        stride,
        padding: padding.map(|p| [p, p]),
        ..Window::new([height, width], kernel)
    };
    let [oh, ow] = window
        .output()
        .unwrap_or_else(|e| panic!("plain::max_pool2d: {e}"));
    let shape = [images, channels, oh, ow];
    let winner = |(n, c, y, x)| {
        let under = ndarray::indices(kernel).into_iter();
        under
            .filter_map(|(ky, kx)| Some([n, c, window.cell(0, y, ky)?, window.cell(1, x, kx)?]))
            .reduce(|best, next| {
                let (a, b) = (input[best], input[next]);
                if b > a || (b.is_nan() && !a.is_nan()) {
                    next
                } else {
                    best
                }
            })
            .unwrap_or_else(|| panic!("plain::max_pool2d: a window of padding alone"))
    };
    (
        shape,
        ndarray::indices(shape).into_iter().map(winner).collect(),
    )
}
