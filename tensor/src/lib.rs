//! Automatic differentiation for ndarray: values on a tape, with a gradient check.
//!
//! | module | what it holds |
//! |---|---|
//! | [`params`] | [`Params`]: named parameters and buffers, in order |
//! | [`tape`] | [`Tape`], [`Var`]; [`Tape::op`] records an operation of your own |
//! | `place` | [`Place`]: the operation and the scope that a message names |
//! | [`parents`] | [`Parents`]: what an operation is computed from |
//! | [`grad`] | [`value_and_grad`], [`no_grad`] |
//! | [`ops`] | the operations: arithmetic, products, reductions, shapes, convolution, pooling, losses |
//! | [`check`] | the gradient check |
//! | [`buffer`] | recycled memory |
//! | [`plain`] | the plain twin of each fast kernel |
//! | [`pool`] | [`Pool`]: threads |
//! | [`profile`] | [`Profile`]: the time that each operation of a step takes |
//!
//! A function of parameters is turned into its value and its gradient, which the caller uses:
//!
//! ```
//! use tapeline_tensor::{Params, Role, tensor, value_and_grad};
//!
//! let mut params = Params::<f32>::new();
//! let weight = params.push("weight", Role::Weight, tensor([0.0]));
//! for _ in 0..100 {
//!     let (_, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
//!         let [x, y] = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]].map(|v| tape.constant(tensor(v)));
//!         ((params[0] * x - y).square().mean(), ())
//!     });
//!     if let Some(gradient) = &grads.params[weight.index()] {
//!         params.value_mut(weight).scaled_add(-0.05, gradient);
//!     }
//! }
//! assert!((params.get(weight).value[0] - 2.0).abs() < 1e-5);
//! ```
//!
//! Results are bit-identical on any number of threads: see [`Pool`].

pub mod broadcast;
pub mod buffer;
pub mod check;
pub mod grad;
mod kernels;
pub mod math;
pub mod ops;
pub mod params;
pub mod parents;
mod place;
pub mod plain;
pub mod pool;
mod prepared;
pub mod profile;
pub mod scalar;
pub mod tape;

pub use kernels::{
    layout::{laid_out_like, zeros_like},
    simd::vectorized,
    sparse::{all_finite, is_finite},
};

/// The arrays in signatures of this crate.
pub use ndarray;

pub use grad::{Grads, no_grad, value_and_grad, value_and_grad_profiled, value_and_grad_tampered};
pub use ops::{
    Attention, AvgPool2d, Conv2d, MaxPool2d, Moments, RecurrentCell, RecurrentWeights, Then,
    Window, adaptive_avg_pool2d, attention, avg_pool2d, batch_norm, batch_norm_relu, concat,
    conv2d, conv2d_then, cross_entropy, gather2d, group_norm, layer_norm, layer_norm2d, linear,
    max_pool2d, mse, recurrent, rms_norm, stack,
};
pub use params::{Param, ParamId, Params, Role};
pub use parents::Parents;
pub use place::Place;
pub use pool::Pool;
pub use profile::Profile;
pub use scalar::Scalar;
pub use tape::{Position, Tamper, Tape, Var};

/// An array of any number of dimensions. Clones share the elements; a write copies them only while
/// they are shared.
pub type Tensor<T = f32> = ndarray::ArcArray<T, ndarray::IxDyn>;

/// A tensor of one dimension, for examples and tests; [`Tensor::from_shape_vec`] makes those of
/// more.
pub fn tensor<T: Clone>(values: impl Into<Vec<T>>) -> Tensor<T> {
    ndarray::Array1::from(values.into())
        .into_dyn()
        .into_shared()
}
