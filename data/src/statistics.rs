//! Figures of images, by which one that differs from the training data is noticed.

use crate::Dataset;

/// Maximum number of images that the figures of a dataset are taken from, evenly spaced.
const SAMPLES: usize = 10_000;

/// Share of the images at either end that is left out of a range.
const TAIL: f64 = 0.005;

/// Distance beyond a range, as a share of its width, at which a figure is far outside, and the
/// minimum distance.
const FAR: (f32, f32) = (0.5, 0.02);

/// A figure of one image, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The mean of all pixels.
    Mean,
    /// The share of pixels that are brighter than half.
    Ink,
    /// The standard deviation of all pixels.
    Contrast,
}

impl Figure {
    /// All figures.
    pub const ALL: [Figure; 3] = [Figure::Mean, Figure::Ink, Figure::Contrast];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Mean => "mean",
            Figure::Ink => "ink",
            Figure::Contrast => "contrast",
        }
    }

    /// Returns the figure of an image; 0 if it has no pixels.
    pub fn of(self, pixels: &[u8]) -> f32 {
        let count = pixels.len().max(1) as f64;
        let sum = |f: fn(u64) -> u64| pixels.iter().map(|&x| f(x.into())).sum::<u64>() as f64;
        let mean = || sum(|x| x) / count;
        let figure = match self {
            Figure::Mean => mean() / 255.0,
            Figure::Ink => sum(|x| u64::from(x > 127)) / count,
            Figure::Contrast => (sum(|x| x * x) / count - mean().powi(2)).max(0.0).sqrt() / 255.0,
        };
        figure as f32
    }
}

/// The ranges of the figures of a dataset, which have 99 % of its images in them.
///
/// ```
/// use tapeline_data::{Dataset, Figure, Images, Statistics};
///
/// let bright: Vec<u8> = (0..8).flat_map(|i| [200 + i, 0]).collect();
/// let images = Images::new(bright, [8, 1, 1, 2]);
/// let statistics = Statistics::of(&Dataset::new(images, [0; 8], ["any".to_string()])?);
/// assert!(!statistics.is_far(Figure::Mean, &[210, 0]));
/// assert!(statistics.is_far(Figure::Mean, &[255, 255]));
/// # Ok::<(), tapeline_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    ranges: [[f32; 2]; 3],
}

impl Statistics {
    /// Creates statistics from the minimum and maximum of each figure in [`Figure::ALL`]; `None` if
    /// they aren't numbers in order.
    pub fn new(ranges: [[f32; 2]; 3]) -> Option<Self> {
        let is_range = |[low, high]: &[f32; 2]| low.is_finite() && high.is_finite() && low <= high;
        ranges.iter().all(is_range).then_some(Statistics { ranges })
    }

    /// Returns the statistics of a dataset, from at most 10 000 of its images.
    pub fn of(data: &Dataset) -> Self {
        let step = data.len().div_ceil(SAMPLES).max(1);
        let ranges = Figure::ALL.map(|figure| {
            let images = (0..data.len()).step_by(step);
            let mut all: Vec<_> = images.map(|i| figure.of(data.images.pixels(i))).collect();
            all.sort_by(f32::total_cmp);
            let last = all.len().saturating_sub(1);
            let tail = (last as f64 * TAIL) as usize;
            [tail, last - tail].map(|at| all.get(at).copied().unwrap_or(0.0))
        });
        Statistics { ranges }
    }

    /// Returns the minimum and maximum of a figure.
    pub fn range(&self, figure: Figure) -> [f32; 2] {
        self.ranges[figure as usize]
    }

    /// Returns whether a figure of an image is outside of its range by more than half of its width.
    pub fn is_far(&self, figure: Figure, pixels: &[u8]) -> bool {
        let [low, high] = self.range(figure);
        let margin = (FAR.0 * (high - low)).max(FAR.1);
        !(low - margin..=high + margin).contains(&figure.of(pixels))
    }
}
