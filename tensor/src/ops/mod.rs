//! Operations: each one function, its value next to its rule.
//!
//! Most are methods of [`Var`](crate::Var), under the names of PyTorch. A wrong shape is a bug in the
//! caller's code: operations panic with their name and the shapes. The functions on this page need
//! sizes or class indices in addition to values, or several values.
//!
//! | kind | methods of [`Var`](crate::Var), and functions |
//! |---|---|
//! | of an element | `relu`, `sigmoid`, `tanh`, `exp`, `log`, `sqrt`, `square`, `powi`, `abs`, `clamp`, `map` |
//! | of two elements | `+`, `-`, `*`, `/`, `maximum`, `minimum`, `where_` |
//! | of a dimension | `sum_axis`, `mean_axis`, `max_axis`, `logsumexp`, `softmax`, `log_softmax` |
//! | of all elements | `sum`, `mean` |
//! | parts and their opposite | `narrow`, `select`, `split`, [`concat()`], [`stack()`] |
//! | shapes | `reshape`, `flatten`, `unsqueeze`, `permute`, `t` |
//! | products | `matmul`, [`linear()`], [`conv2d`](fn@conv2d) |
//! | images | [`max_pool2d`], [`avg_pool2d`](fn@avg_pool2d), [`adaptive_avg_pool2d`], [`gather2d`](fn@gather2d) |
//! | normalization | [`batch_norm`](fn@batch_norm), [`group_norm`](fn@group_norm), [`layer_norm`](fn@layer_norm), [`layer_norm2d`](fn@layer_norm2d), [`rms_norm`] |
//! | sequences | [`attention`](fn@attention), [`recurrent`](fn@recurrent) |
//! | losses | [`cross_entropy`], [`mse`] |

mod along;
pub mod arithmetic;
pub mod attention;
pub mod avg_pool2d;
pub mod batch_norm;
pub mod choose;
pub mod conv2d;
pub mod elementwise;
pub mod gather2d;
pub mod group_norm;
pub mod join;
pub mod layer_norm;
pub mod layer_norm2d;
pub mod linear;
pub mod loss;
pub mod matmul;
mod narrow;
pub mod pool2d;
pub mod recurrent;
pub mod reduce;
pub mod shape;
pub mod softmax;
mod window;

pub use attention::{Attention, attention};
pub use avg_pool2d::{AvgPool2d, adaptive_avg_pool2d, avg_pool2d};
pub use batch_norm::{Moments, batch_norm, batch_norm_relu};
pub use conv2d::{Conv2d, Then, conv2d, conv2d_then};
pub use gather2d::gather2d;
pub use group_norm::group_norm;
pub use join::{concat, stack};
pub use layer_norm::{layer_norm, rms_norm};
pub use layer_norm2d::layer_norm2d;
pub use linear::linear;
pub use loss::{cross_entropy, mse};
pub use pool2d::{MaxPool2d, max_pool2d};
pub use recurrent::{RecurrentCell, RecurrentWeights, recurrent};
pub use window::Window;

/// Returns the size of a dimension.
#[track_caller]
fn size(name: &str, shape: &[usize], axis: usize) -> usize {
    match shape.get(axis) {
        Some(&size) => size,
        None => panic!("{name}: no dimension {axis} in shape {shape:?}"),
    }
}
