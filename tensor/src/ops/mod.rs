//! Operations: each one function, its value next to its rule.
//!
//! Most are methods of [`Var`](crate::Var). A wrong shape is a bug in the caller's code: operations
//! panic with their name and the shapes. The functions on this page need sizes or class indices in
//! addition to values.

pub mod arithmetic;
pub mod avg_pool2d;
pub mod batch_norm;
pub mod conv2d;
pub mod elementwise;
pub mod gather2d;
pub mod group_norm;
pub mod layer_norm;
pub mod linear;
pub mod loss;
pub mod matmul;
pub mod pool2d;
pub mod reduce;
pub mod shape;
pub mod softmax;
mod window;

pub use avg_pool2d::{AvgPool2d, adaptive_avg_pool2d, avg_pool2d};
pub use batch_norm::{Moments, batch_norm, batch_norm_relu};
pub use conv2d::{Conv2d, Then, conv2d, conv2d_then};
pub use gather2d::gather2d;
pub use group_norm::group_norm;
pub use layer_norm::{layer_norm, rms_norm};
pub use linear::linear;
pub use loss::{cross_entropy, mse};
pub use pool2d::{MaxPool2d, max_pool2d};
pub use shape::concat;
pub use window::Window;
