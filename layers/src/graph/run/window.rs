//! Windows that slide over an image of any number of dimensions.

use super::operands::Operands;

/// The windows of a convolution or a pooling.
pub struct Window {
    image: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    before: Vec<usize>,
    /// The number of windows along each axis.
    pub output: Vec<usize>,
}

impl Window {
    /// Reads `strides`, `dilations` and `pads`. Each output size is `⌊(image + pads − extent) /
    /// stride⌋ + 1`, with windows of an extent of `dilation · (kernel − 1) + 1`.
    pub fn new(on: &Operands<'_>, image: &[usize], kernel: &[usize]) -> Result<Self, String> {
        let axes = image.len();
        if axes == 0 || kernel.len() != axes || kernel.contains(&0) {
            return Err(format!(
                "a kernel of {kernel:?} doesn't fit an image of {image:?}"
            ));
        }
        let list = |name, len, default| {
            let list = on
                .sizes_named(name)
                .map_or(vec![default; len], <[_]>::to_vec);
            match list.len() == len {
                true => Ok(list),
                false => Err(format!(
                    "attribute `{name}` must have {len} values, got {list:?}"
                )),
            }
        };
        let strides = list("strides", axes, 1)?;
        let dilations = list("dilations", axes, 1)?;
        let pads = list("pads", 2 * axes, 0)?;
        let (before, after) = pads.split_at(axes);
        let output = (0..axes).map(|axis| {
            let padded = image[axis] + before[axis] + after[axis];
            let extent = dilations[axis] * (kernel[axis] - 1) + 1;
            let steps = padded.checked_sub(extent)?.checked_div(strides[axis])?;
            Some(steps + 1)
        });
        let output: Option<Vec<_>> = output.collect();
        let output = output.ok_or_else(|| {
            format!(
                "no window of {kernel:?} with strides {strides:?} and dilations {dilations:?} fits an image of {image:?} with pads {pads:?}"
            )
        })?;
        Ok(Window {
            image: image.to_vec(),
            strides,
            dilations,
            before: before.to_vec(),
            output,
        })
    }

    /// Returns the pixel at `offset` in the window `place`, or `None` in the padding.
    pub fn pixel(&self, place: &[usize], offset: &[usize]) -> Option<Vec<usize>> {
        let pixel = (0..self.image.len()).map(|axis| {
            let padded = place[axis] * self.strides[axis] + offset[axis] * self.dilations[axis];
            let pixel = padded.checked_sub(self.before[axis])?;
            (pixel < self.image[axis]).then_some(pixel)
        });
        pixel.collect()
    }
}
