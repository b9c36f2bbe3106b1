//! Convolution, term by term.

use ndarray::ArrayD;

use super::narrow;
use crate::{Conv2d, Scalar, Tensor, Window};

/// `out[n, o, y, x] = bias[o] + Σ input[n, c, i, j] weight[o, c', ky, kx]` over the cells `(i, j)`
/// under the window at `(y, x)`.
pub fn conv2d<T: Scalar>(
    input: &Tensor<T>,
    weight: &Tensor<T>,
    bias: Option<&Tensor<T>>,
    options: Conv2d,
) -> Tensor<T> {
    let sizes = Sizes::new(input, weight, options);
    let mut out = ArrayD::zeros(sizes.out().to_vec());
    sizes.each_term(|at, from, by| {
        out[at] += input[from].widen() * weight[by].widen();
    });
    if let Some(bias) = bias {
        out.indexed_iter_mut()
            .for_each(|(at, out)| *out += bias[at[1]].widen());
    }
    narrow(out)
}

/// Returns the gradients of the input, the weight and the bias, given that of the result.
pub fn conv2d_gradients<T: Scalar>(
    input: &Tensor<T>,
    weight: &Tensor<T>,
    options: Conv2d,
    g: &Tensor<T>,
) -> [Tensor<T>; 3] {
    let (mut dx, mut dw) = (ArrayD::zeros(input.shape()), ArrayD::zeros(weight.shape()));
    Sizes::new(input, weight, options).each_term(|at, from, by| {
        dx[from] += g[at].widen() * weight[by].widen();
        dw[by] += g[at].widen() * input[from].widen();
    });
    let mut db = ArrayD::zeros(vec![weight.shape()[0]]);
    g.indexed_iter().for_each(|(at, g)| db[at[1]] += g.widen());
    [narrow(dx), narrow(dw), narrow(db)]
}

struct Sizes {
    images: usize,
    outputs: usize,
    /// Input channels of a group.
    channels: usize,
    groups: usize,
    window: Window,
}

impl Sizes {
    fn new<T>(input: &Tensor<T>, weight: &Tensor<T>, options: Conv2d) -> Self {
        let (&[images, _, height, width], &[outputs, channels, kh, kw]) =
            (input.shape(), weight.shape())
        else {
            panic!("plain::conv2d: four dimensions are wanted");
        };
        let window = Window {
            input: [height, width],
            kernel: [kh, kw],
            stride: options.stride,
            padding: options.padding,
            dilation: options.dilation,
        };
        Sizes {
            images,
            outputs,
            channels,
            groups: options.groups,
            window,
        }
    }

    /// Shape of the result.
    fn out(&self) -> [usize; 4] {
        let size = self.window.output();
        let [height, width] = size.unwrap_or_else(|reason| panic!("plain::conv2d: {reason}"));
        [self.images, self.outputs, height, width]
    }

    /// Calls `f` for each product of the sums: the position in the result that it is added to, and
    /// the elements of input and weight that it multiplies. Products with padding are 0 and left
    /// out.
    fn each_term(&self, mut f: impl FnMut([usize; 4], [usize; 4], [usize; 4])) {
        let [kh, kw] = self.window.kernel;
        for (n, o, y, x) in ndarray::indices(self.out()) {
            let group = o / (self.outputs / self.groups);
            for (c, ky, kx) in ndarray::indices([self.channels, kh, kw]) {
                if let (Some(i), Some(j)) = (self.window.cell(0, y, ky), self.window.cell(1, x, kx))
                {
                    f(
                        [n, o, y, x],
                        [n, group * self.channels + c, i, j],
                        [o, c, ky, kx],
                    );
                }
            }
        }
    }
}
