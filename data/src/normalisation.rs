//! Normalization of pixels to input values.

use crate::{DataError, Dataset};

/// The maximum number of channels with numbers of their own.
pub const MAX_CHANNELS: usize = 4;

/// A number for each channel, or one for all channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerChannel {
    numbers: [f32; MAX_CHANNELS],
    count: usize,
}

impl PerChannel {
    /// Creates one number for all channels.
    pub const fn all(number: f32) -> Self {
        PerChannel {
            numbers: [number; MAX_CHANNELS],
            count: 1,
        }
    }

    /// Creates a number for each channel; `None` if there are none, or more than 4.
    pub fn each(numbers: &[f32]) -> Option<Self> {
        let last = *numbers.last()?;
        let mut all = PerChannel::all(last);
        all.numbers
            .get_mut(..numbers.len())?
            .copy_from_slice(numbers);
        all.count = numbers.len();
        Some(all)
    }

    /// Returns the number for a channel.
    ///
    /// # Panics
    /// Panics if there are numbers for fewer channels.
    #[inline]
    pub fn get(&self, channel: usize) -> f32 {
        match self.count {
            1 => self.numbers[0],
            count => self.numbers[..count][channel],
        }
    }

    /// Returns the numbers: one, or one for each channel.
    pub fn numbers(&self) -> &[f32] {
        &self.numbers[..self.count]
    }

    /// Returns whether there are numbers for images with this number of channels.
    pub fn fits(&self, channels: usize) -> bool {
        self.count == 1 || self.count == channels
    }
}

impl From<f32> for PerChannel {
    fn from(number: f32) -> Self {
        PerChannel::all(number)
    }
}

/// Normalization of pixels to input values: `(pixel · scale − mean) / std`.
///
/// The default scales to \[0, 1\]. `mean` and `std` refer to scaled pixels, as in PyTorch's
/// `Normalize` after `ToTensor`; `std` must not be 0.
///
/// ```
/// use tapeline_data::{Dataset, Images, Normalisation};
///
/// // Two images with two channels; the pixels of the second channel are all equal.
/// let images = Images::new(vec![0, 255, 100, 100, 255, 0, 100, 100], [2, 2, 1, 2]);
/// let data = Dataset::new(images, [0, 0], ["any".to_string()])?;
/// let standard = Normalisation::standard(&data)?;
/// assert_eq!((standard.mean.get(0), standard.std.get(0)), (0.5, 0.5));
/// assert!((standard.apply(255, 0) - 1.0).abs() < 1e-6);
/// assert!(standard.apply(100, 1).abs() < 1e-6);
/// # Ok::<(), tapeline_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Factor applied to a pixel; the default is 1/255.
    pub scale: f32,
    /// Value subtracted from the scaled pixel; the default is 0.
    pub mean: PerChannel,
    /// Divisor of the difference; the default is 1.
    pub std: PerChannel,
}

impl Default for Normalisation {
    fn default() -> Self {
        Normalisation {
            scale: 1.0 / 255.0,
            mean: PerChannel::all(0.0),
            std: PerChannel::all(1.0),
        }
    }
}

impl Normalisation {
    /// Returns the normalization that gives each channel of these images mean 0 and standard
    /// deviation 1. A channel whose pixels are all equal is only shifted.
    ///
    /// # Errors
    /// Returns an error if there are no images, or more than 4 channels.
    pub fn standard(data: &Dataset) -> Result<Self, DataError> {
        let [channels, rows, cols] = data.shape();
        let (mut sums, mut squares) = (vec![0u64; channels], vec![0u64; channels]);
        for (i, plane) in data.images.bytes().chunks((rows * cols).max(1)).enumerate() {
            for &pixel in plane {
                sums[i % channels] += u64::from(pixel);
                squares[i % channels] += u64::from(pixel).pow(2);
            }
        }
        let count = (data.len() * rows * cols) as f64;
        let scale = Normalisation::default().scale;
        let means: Vec<f64> = sums.iter().map(|&sum| sum as f64 / count).collect();
        let deviation = |(&square, mean): (&u64, &f64)| {
            let variance = (square as f64 / count - mean * mean).max(0.0);
            match variance.sqrt() / 255.0 {
                deviation if deviation > 1e-6 => deviation as f32,
                _ => 1.0,
            }
        };
        let stds: Vec<f32> = squares.iter().zip(&means).map(deviation).collect();
        let means: Vec<f32> = means.iter().map(|mean| (mean / 255.0) as f32).collect();
        let numbers = PerChannel::each(&means).zip(PerChannel::each(&stds));
        match numbers.filter(|_| !data.is_empty()) {
            Some((mean, std)) => Ok(Normalisation { scale, mean, std }),
            None => Err(DataError::invalid(
                "dataset",
                format!("{channels} channels can't be standardized, only 1 to {MAX_CHANNELS}"),
            )),
        }
    }

    /// Returns `self` if it maps every pixel value to a finite number, and different pixel values
    /// to different numbers.
    ///
    /// # Errors
    /// Otherwise, returns a description of the problem.
    pub fn checked(self) -> Result<Self, String> {
        let stds = self.std.numbers().iter().map(|&std| ("std", std));
        for (name, number) in [("scale", self.scale)].into_iter().chain(stds) {
            if !(number.is_finite() && number > 0.0) {
                return Err(format!(
                    "`{name}` must be a finite number above 0, got {number}"
                ));
            }
        }
        if let Some(mean) = self.mean.numbers().iter().find(|mean| !mean.is_finite()) {
            return Err(format!("`mean` must be finite, got {mean}"));
        }
        let counts = [self.mean, self.std].map(|numbers| numbers.numbers().len());
        let channels = counts[0].max(counts[1]);
        if !(self.mean.fits(channels) && self.std.fits(channels)) {
            let [means, stds] = counts;
            return Err(format!("has {means} values of `mean`, but {stds} of `std`"));
        }
        for channel in 0..channels {
            let (black, white) = (self.apply(0, channel), self.apply(u8::MAX, channel));
            if !(black.is_finite() && white.is_finite() && black < white) {
                return Err(format!("maps pixels 0 and 255 to {black} and {white}"));
            }
        }
        Ok(self)
    }

    /// Returns whether this is the normalization of images with this number of channels.
    pub fn fits(&self, channels: usize) -> bool {
        self.mean.fits(channels) && self.std.fits(channels)
    }

    /// Normalizes one pixel of a channel.
    #[inline]
    pub fn apply(&self, pixel: u8, channel: usize) -> f32 {
        self.of_channel(channel)(f32::from(pixel))
    }

    /// Returns the function that normalizes pixels of a channel, which after augmentation are any
    /// numbers from 0 to 255.
    #[inline(always)]
    pub(crate) fn of_channel(&self, channel: usize) -> impl Fn(f32) -> f32 + use<> {
        let (scale, mean, std) = (self.scale, self.mean.get(channel), self.std.get(channel));
        move |pixel| (pixel * scale - mean) / std
    }

    /// Returns whether pixels are only scaled.
    pub(crate) fn is_plain(&self) -> bool {
        self.mean == PerChannel::all(0.0) && self.std == PerChannel::all(1.0)
    }
}
