//! One image with its padding, and the positions of windows in it.

use super::Sizes;
use crate::{Scalar, buffer::Buffer};

/// Values after an image, so that a vector may begin at its last one.
const SLACK: usize = 16;

/// Images `[h, w, channels]`, each surrounded by zeros.
pub struct Padded<T: Scalar> {
    pub cells: Buffer<T>,
    channels: usize,
    size: [usize; 2],
    width: usize,
    first: usize,
    /// Size of an image with its zeros.
    image: usize,
}

impl<T: Scalar> Padded<T> {
    /// Returns an image of zeros.
    pub fn new(sizes: &Sizes) -> Self {
        Padded::several(sizes, 1)
    }

    /// Returns adjacent images of zeros.
    pub fn several(sizes: &Sizes, count: usize) -> Self {
        let window = &sizes.window;
        let [h, w] = [0, 1].map(|i| window.input[i] + window.padding[i][0] + window.padding[i][1]);
        let channels = sizes.in_channels;
        let image = h * w * channels;
        let cells = count * image + SLACK;
        assert!(
            u32::try_from(cells).is_ok(),
            "conv2d: an image of {cells} values"
        );
        Padded {
            cells: Buffer::zeros(cells),
            channels,
            size: window.input,
            width: w,
            first: (window.padding[0][0] * w + window.padding[1][0]) * channels,
            image,
        }
    }

    /// The rows of the image without its padding.
    #[inline(always)]
    pub fn lines(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.lines_of(0)
    }

    /// The same, of one of several images.
    #[inline(always)]
    fn lines_of(&mut self, image: usize) -> impl Iterator<Item = &mut [T]> {
        let line = self.size[1] * self.channels;
        let first = image * self.image + self.first;
        let lines = self.cells[first..].chunks_mut(self.width * self.channels);
        lines
            .take(self.size[0])
            .map(move |cells| &mut cells[..line])
    }

    /// Copies images in.
    pub fn fill(&mut self, images: &[T]) {
        let line = self.size[1] * self.channels;
        for (i, image) in images.chunks_exact(self.size[0] * line).enumerate() {
            let lines = self.lines_of(i).zip(image.chunks_exact(line));
            lines.for_each(|(cells, image)| cells.copy_from_slice(image));
        }
    }

    /// Copies the image out, and sets everything to zero.
    pub fn take(&mut self, image: &mut [T]) {
        let line = self.size[1] * self.channels;
        let lines = self.lines().zip(image.chunks_exact_mut(line));
        lines.for_each(|(cells, image)| image.copy_from_slice(cells));
        self.cells.fill(T::zero());
    }
}

/// Distances between cells of a padded image, in values.
#[derive(Clone, Copy)]
pub struct Strides {
    /// Between windows, down and across.
    pub window: [usize; 2],
    /// Between the cells of a window, down and across.
    pub cell: [usize; 2],
}

impl Strides {
    pub fn new(sizes: &Sizes) -> Self {
        let window = &sizes.window;
        let across = sizes.in_channels;
        let down = (window.input[1] + window.padding[1][0] + window.padding[1][1]) * across;
        let times = |[y, x]: [usize; 2]| [y * down, x * across];
        Strides {
            window: times(window.stride),
            cell: times(window.dilation),
        }
    }
}

/// Returns the first cell of each window.
pub fn corners(sizes: &Sizes) -> Vec<usize> {
    let [h, w] = sizes.window.output().unwrap_or_default();
    let [down, across] = Strides::new(sizes).window;
    let corners = (0..h).flat_map(|y| (0..w).map(move |x| y * down + x * across));
    corners.collect()
}

/// Returns the distance of each cell of a window from its first, row by row.
pub fn offsets(sizes: &Sizes) -> Vec<usize> {
    let [kh, kw] = sizes.window.kernel;
    let [down, across] = Strides::new(sizes).cell;
    let offsets = (0..kh).flat_map(|y| (0..kw).map(move |x| y * down + x * across));
    offsets.collect()
}
