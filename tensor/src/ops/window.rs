//! Sliding windows over a plane.

use std::ops::Range;

/// The windows of a convolution or a pooling over planes of `input` size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of a plane.
    pub input: [usize; 2],
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Steps between windows, down and across.
    pub stride: [usize; 2],
    /// Cells added before and after: above and below, left and right.
    pub padding: [[usize; 2]; 2],
    /// Steps between a window's cells, down and across.
    pub dilation: [usize; 2],
}

impl Window {
    /// Returns windows of a size at every position, without padding.
    pub fn new(input: [usize; 2], kernel: [usize; 2]) -> Self {
        Window {
            input,
            kernel,
            stride: [1; 2],
            padding: [[0; 2]; 2],
            dilation: [1; 2],
        }
    }

    /// Returns height and width of a window including the gaps of its dilation, saturating at
    /// `usize::MAX`.
    pub fn extent(&self) -> [usize; 2] {
        [0, 1].map(|i| {
            let gaps = self.kernel[i].saturating_sub(1);
            self.dilation[i].saturating_mul(gaps).saturating_add(1)
        })
    }

    /// Returns height and width of a plane including its padding, saturating at `usize::MAX`.
    pub fn padded(&self) -> [usize; 2] {
        [0, 1].map(|i| {
            let [before, after] = self.padding[i];
            self.input[i].saturating_add(before).saturating_add(after)
        })
    }

    /// Returns the number of windows, down and across; rounded down as PyTorch does.
    ///
    /// # Errors
    /// The reason, for a message: the plane is empty or longer than any array, a kernel, stride or
    /// dilation is 0, or a window is larger than the padded plane.
    pub fn output(&self) -> Result<[usize; 2], String> {
        for (what, sizes) in [
            ("plane", self.input),
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ] {
            if sizes.contains(&0) {
                return Err(format!(
                    "{what} {}x{}: must be at least 1",
                    sizes[0], sizes[1]
                ));
            }
        }
        let extent = self.extent();
        let padded = self.padded();
        // Saturated sizes are not the real ones.
        if padded.contains(&usize::MAX) {
            return Err("the padded plane is too large".to_string());
        }
        if extent[0] > padded[0] || extent[1] > padded[1] {
            let [h, w] = padded;
            let plane = if padded == self.input { "" } else { "padded " };
            return Err(format!(
                "a window of {}x{} is larger than the {plane}plane of {h}x{w}",
                extent[0], extent[1]
            ));
        }
        Ok([0, 1].map(|i| (padded[i] - extent[i]) / self.stride[i] + 1))
    }

    pub(crate) fn area(&self) -> usize {
        self.input.iter().product()
    }

    pub(crate) fn out_area(&self) -> usize {
        self.output().map_or(0, |size| size.iter().product())
    }

    /// Returns for each window along `axis` the range of cells of the plane that it covers, without
    /// padding or dilation.
    pub(crate) fn places(&self, axis: usize) -> impl Iterator<Item = Range<usize>> + use<'_> {
        let count = self.output().map_or(0, |size| size[axis]);
        (0..count).map(move |i| {
            let before = self.padding[axis][0];
            let start = i * self.stride[axis];
            let end = (start + self.kernel[axis])
                .saturating_sub(before)
                .min(self.input[axis]);
            start.saturating_sub(before).min(end)..end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    /// Tests run with overflow checks.
    #[test]
    fn extreme_sizes_are_refused() {
        let sizes = [1, 1 << 20, 1 << 40, usize::MAX - 1, usize::MAX];
        for (i, j) in (0..25).map(|n| (n / 5, n % 5)) {
            let (a, b) = (sizes[i], sizes[j]);
            let mut windows = [Window::new([a, 1], [b, 1]); 3];
            windows[1].dilation = [a; 2];
            windows[2].padding = [[a, b], [b, a]];
            for window in windows {
                let Ok([h, w]) = window.output() else {
                    continue;
                };
                assert!(h < usize::MAX && w < usize::MAX, "{window:?}");
            }
        }
        let padded = Window {
            padding: [[usize::MAX, usize::MAX], [0, 0]],
            ..Window::new([1, 1], [usize::MAX, 1])
        };
        assert_eq!(
            padded.output().unwrap_err(),
            "the padded plane is too large"
        );
    }
}
