//! Convolution without an im2col matrix: each image is padded, channels last, while it is in cache;
//! a table then gives the offset of each term within the window.
//!
//! All images here are `[h, w, channels]`. Each group sees its own range of the channels.

mod backward;
mod dense;
mod forward;
mod grouped;
mod lists;
mod packed;
mod padded;
mod panels;
mod runs;
mod task;
mod transposed;
mod walk;
mod winograd;

pub use backward::{Gradients, Operands, backward};
pub use forward::forward;
pub use packed::Packed;

use crate::ops::Window;

/// Sizes of a convolution of `[images, in_channels, h, w]` with `[out_channels, in_channels /
/// groups, kh, kw]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    pub images: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub groups: usize,
    pub window: Window,
    /// Whether `relu` is applied to the result.
    pub relu: bool,
    /// Windows of the max-pooling that is applied to the result.
    pub max_pool: Option<Window>,
}

/// Multiply-adds of a task.
const TASK: usize = 1 << 22;

/// Minimum number of tasks, if there are as many images.
const TASKS: usize = 8;

impl Sizes {
    fn image(&self) -> usize {
        self.in_channels * self.window.area()
    }

    /// Values of an image after the convolution, before pooling.
    fn convolved(&self) -> usize {
        self.out_channels * self.window.out_area()
    }

    /// Values of an image of the output.
    fn out_image(&self) -> usize {
        let window = self.max_pool.as_ref().unwrap_or(&self.window);
        self.out_channels * window.out_area()
    }

    /// Input channels of a group.
    fn per_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of a group.
    fn out_per_group(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Cells of a window, over the channels of a group.
    fn cells(&self) -> usize {
        self.per_group() * self.window.kernel[0] * self.window.kernel[1]
    }

    /// The same convolution; if windows are single cells, with each image as a single line, so that
    /// fewer tiles of pixels are cut short.
    pub fn with_long_lines(&self) -> Self {
        let (mut sizes, window) = (*self, &self.window);
        let single = window.kernel == [1; 2] && window.stride == [1; 2];
        if single && window.padding == [[0; 2]; 2] && self.max_pool.is_none() {
            sizes.window.input = [1, window.area()];
        }
        sizes
    }

    fn images_a_task(&self) -> usize {
        let images = TASK / (self.convolved() * self.cells()).max(1);
        images.clamp(1, self.images.div_ceil(TASKS).max(1))
    }
}
