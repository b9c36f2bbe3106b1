//! Convolution, without columns: images are padded and their channels put last, one at a time while they are in cache; then a table says
//! where under the window each term lies.
//!
//! All images here are `[h, w, channels]`. Groups see a range of the channels each.

mod backward;
mod forward;
mod padded;
mod runs;
mod transposed;
mod walk;

pub use backward::{From, Gradients, backward};
pub use forward::forward;

use crate::ops::Window;

/// Sizes of a convolution of `[images, in_channels, h, w]` with `[out_channels, in_channels / groups, kh, kw]`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub images: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub groups: usize,
    pub window: Window,
    /// Whether the result is cut off below zero.
    pub relu: bool,
    /// Windows whose maxima the result is replaced by.
    pub max_pool: Option<Window>,
}

/// Multiply-adds that make up a task.
const TASK: usize = 1 << 22;

/// About how many values for each image the weights' gradient is summed in: a sum of all `weights` for each task.
pub fn scratch(weights: usize, pixels: usize) -> usize {
    let share = weights as f64 * pixels as f64 / TASK as f64;
    (weights as f64 * share.min(1.0)) as usize
}

/// Fewest tasks, where there are as many images.
const TASKS: usize = 8;

impl Sizes {
    fn image(&self) -> usize {
        self.in_channels * self.window.area()
    }

    /// Values of an image as convolved.
    fn convolved(&self) -> usize {
        self.out_channels * self.window.out_area()
    }

    /// Values of an image as put out.
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

    /// Cells under a window, over the channels of a group.
    fn cells(&self) -> usize {
        self.per_group() * self.window.kernel[0] * self.window.kernel[1]
    }

    fn images_a_task(&self) -> usize {
        let images = TASK / (self.convolved() * self.cells()).max(1);
        images.clamp(1, self.images.div_ceil(TASKS).max(1))
    }
}
