//! Plain twins: each fast kernel once more, written directly from its definition, with its
//! gradient.
//!
//! They are the reference for the fast kernels, and document what those compute. All sums run in
//! `f64`, in order; only the result is rounded to `T`. Shapes are those of [`ops`](crate::ops);
//! wrong ones panic.
//!
//! ```
//! use tapeline_tensor::{no_grad, plain, tensor, Params};
//!
//! let x = tensor([0.1f32, -0.2, 0.3]);
//! let fast = no_grad(&Params::new(), |tape, _| tape.constant(x.clone()).softmax(0).value());
//! let plain = plain::softmax(&x, 0);
//! assert!(fast.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-7));
//! ```

mod attention;
mod conv2d;
mod max_pool2d;
mod softmax;

pub use attention::{attention, attention_gradient};
pub use conv2d::{conv2d, conv2d_gradients};
pub use max_pool2d::{max_pool2d, max_pool2d_gradient};
use ndarray::{ArrayD, Axis};
pub use softmax::{cross_entropy, log_softmax, log_softmax_gradient, softmax, softmax_gradient};

use crate::{Scalar, Tensor, Window};

impl Window {
    /// Returns the position along `axis` of the window's cell `k` when the window is at `place`;
    /// `None` in the padding.
    fn cell(&self, axis: usize, place: usize, k: usize) -> Option<usize> {
        (place * self.stride[axis] + k * self.dilation[axis])
            .checked_sub(self.padding[axis][0])
            .filter(|&i| i < self.input[axis])
    }
}

/// `out[i, j] = Σ a[i, l] b[l, j]`.
pub fn matmul<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
    let mut out = ArrayD::zeros(vec![a.shape()[0], b.shape()[1]]);
    terms(a, b, |i, j, l| {
        out[[i, j]] += a[[i, l]].widen() * b[[l, j]].widen();
    });
    narrow(out)
}

/// Returns the gradients of `a` and `b`, given that of their product: each term adds `g b` to one
/// and `g a` to the other.
pub fn matmul_gradients<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>, g: &Tensor<T>) -> [Tensor<T>; 2] {
    let (mut da, mut db) = (ArrayD::zeros(a.shape()), ArrayD::zeros(b.shape()));
    terms(a, b, |i, j, l| {
        da[[i, l]] += g[[i, j]].widen() * b[[l, j]].widen();
        db[[l, j]] += g[[i, j]].widen() * a[[i, l]].widen();
    });
    [narrow(da), narrow(db)]
}

/// `out[i, o] = bias[o] + Σ x[i, l] weight[o, l]`. `i` stands for all dimensions but the last.
pub fn linear<T: Scalar>(x: &Tensor<T>, weight: &Tensor<T>, bias: Option<&Tensor<T>>) -> Tensor<T> {
    let mut shape = x.shape().to_vec();
    shape[x.ndim() - 1] = weight.shape()[0];
    let x = &rows(x);
    let mut out = ArrayD::zeros(vec![x.shape()[0], weight.shape()[0]]);
    terms(x, &weight.t().to_shared(), |i, o, l| {
        out[[i, o]] += x[[i, l]].widen() * weight[[o, l]].widen();
    });
    if let Some(bias) = bias {
        out += &widen(bias);
    }
    in_shape(&narrow(out), &shape)
}

/// Returns the gradients of `x`, the weight and the bias, given that of the result.
pub fn linear_gradients<T: Scalar>(
    x: &Tensor<T>,
    weight: &Tensor<T>,
    g: &Tensor<T>,
) -> [Tensor<T>; 3] {
    let g = rows(g);
    let [dx, dw] = matmul_gradients(&rows(x), &weight.t().to_shared(), &g);
    [
        in_shape(&dx, x.shape()),
        dw.reversed_axes(),
        sum_axis(&g, 0),
    ]
}

/// All dimensions but the last as one.
fn rows<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let (outer, last) = x.shape().split_at(x.ndim() - 1);
    in_shape(x, &[outer.iter().product(), last[0]])
}

fn in_shape<T: Scalar>(x: &Tensor<T>, shape: &[usize]) -> Tensor<T> {
    let reshaped = x.to_shape(shape);
    reshaped
        .unwrap_or_else(|e| unreachable!("as many elements: {e}"))
        .into_owned()
        .into_shared()
}

fn terms<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>, mut f: impl FnMut(usize, usize, usize)) {
    assert_eq!(a.shape()[1], b.shape()[0], "plain::matmul: inner sizes");
    for i in 0..a.shape()[0] {
        for j in 0..b.shape()[1] {
            for l in 0..b.shape()[0] {
                f(i, j, l);
            }
        }
    }
}

/// Sums all elements. The gradient of each is that of the sum.
pub fn sum<T: Scalar>(x: &Tensor<T>) -> T {
    T::of(x.iter().map(|x| x.widen()).sum())
}

/// Sums over one dimension, which is removed.
pub fn sum_axis<T: Scalar>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    narrow(widen(x).sum_axis(Axis(axis)))
}

fn widen<T: Scalar>(x: &Tensor<T>) -> ArrayD<f64> {
    x.map(|x| x.widen())
}

fn narrow<T: Scalar>(x: ArrayD<f64>) -> Tensor<T> {
    x.map(|&x| T::of(x)).into_shared()
}
