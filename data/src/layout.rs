//! The order of channels, rows and columns in files.

/// The order of the sizes of an image, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Channels, rows, columns.
    Chw,
    /// Rows, columns, channels.
    Hwc,
}

impl Layout {
    /// Orders three sizes as channels, rows, columns.
    pub fn shape(self, [a, b, c]: [usize; 3]) -> [usize; 3] {
        match self {
            Layout::Chw => [a, b, c],
            Layout::Hwc => [c, a, b],
        }
    }

    /// Writes the pixels of one image in the order channels, rows, columns.
    pub fn arrange(self, pixels: &[u8], channels: usize, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Layout::Chw => out.extend_from_slice(pixels),
            Layout::Hwc => {
                for channel in 0..channels {
                    out.extend(pixels[channel..].iter().step_by(channels));
                }
            }
        }
    }
}
