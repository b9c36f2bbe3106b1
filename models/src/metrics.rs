//! Metrics of a classifier beyond its accuracy: precision, recall and F1 of each class, balanced
//! accuracy, calibration.

use ndarray::ArrayView2;

use crate::{Evaluation, evaluate::largest};

/// Number of bins of the calibration error, as in Guo et al. (2017).
pub const BINS: usize = 15;

/// Metrics of one class, with the definitions of scikit-learn. A metric is `None` where its
/// denominator is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMetrics {
    /// Number of images of the class.
    pub images: usize,
    /// Fraction of the images predicted as this class that are of this class; `None` if there are
    /// none.
    pub precision: Option<f64>,
    /// Fraction of the images of this class that are predicted as this class; `None` if there are
    /// none.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall; `None` if the class is neither true nor predicted for
    /// any image.
    pub f1: Option<f64>,
}

impl Evaluation {
    /// Returns the metrics of each class.
    ///
    /// ```
    /// use tapeline_models::Evaluation;
    ///
    /// // Of 3 images of class 0, one is taken for class 1.
    /// let confusion = vec![vec![2, 1], vec![0, 1]];
    /// let found = Evaluation { loss: 0.5, accuracy: 0.75, samples: 4, confusion, calibration_error: 0.1 };
    /// let classes = found.classes();
    /// assert_eq!((classes[0].precision, classes[0].recall), (Some(1.0), Some(2.0 / 3.0)));
    /// assert_eq!((classes[0].f1, classes[1].precision), (Some(0.8), Some(0.5)));
    /// assert_eq!(found.balanced_accuracy(), (2.0 / 3.0 + 1.0) / 2.0);
    /// ```
    pub fn classes(&self) -> Vec<ClassMetrics> {
        let ratio = |part: usize, whole: usize| match whole {
            0 => None,
            _ => Some(part as f64 / whole as f64),
        };
        let metrics = |class: usize| {
            let correct = self.confusion[class][class];
            let images = self.confusion[class].iter().sum();
            let predicted = self.confusion.iter().map(|row| row[class]).sum();
            ClassMetrics {
                images,
                precision: ratio(correct, predicted),
                recall: ratio(correct, images),
                f1: ratio(2 * correct, images + predicted),
            }
        };
        (0..self.confusion.len()).map(metrics).collect()
    }

    /// Returns the mean recall of the classes that have images; NaN if there are no images.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<_> = self.classes().iter().filter_map(|c| c.recall).collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }
}

/// The expected calibration error: the mean difference between confidence and accuracy.
///
/// Images are sorted by confidence, the largest probability, into [`BINS`] bins of equal width:
/// bin m of M has the confidences in ((m − 1)/M, m/M]. In each bin, the mean confidence is compared
/// with the accuracy; the bins are weighted by their numbers of images (Guo et al., 2017).
///
/// ```
/// use ndarray::array;
/// use tapeline_models::metrics::Calibration;
///
/// let mut calibration = Calibration::default();
/// // Both are predicted with a confidence of 0.75, one correctly.
/// calibration.add(array![[0.75, 0.25], [0.25, 0.75]].view(), &[0, 0]);
/// assert_eq!(calibration.error(), 0.25);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    bins: [Bin; BINS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    images: usize,
    correct: usize,
    confidence: f64,
}

impl Calibration {
    /// Adds images: their class probabilities, `[n, classes]`, and their true classes.
    pub fn add(&mut self, probabilities: ArrayView2<'_, f32>, targets: &[usize]) {
        for (row, &target) in probabilities.rows().into_iter().zip(targets) {
            let (class, confidence) = largest(row);
            let confidence = f64::from(confidence);
            let above = (confidence * BINS as f64).ceil() as usize;
            let bin = &mut self.bins[above.clamp(1, BINS) - 1];
            bin.images += 1;
            bin.correct += usize::from(class == target);
            bin.confidence += confidence;
        }
    }

    /// Returns the error, from 0 to 1; NaN if there are no images.
    pub fn error(&self) -> f64 {
        let images: usize = self.bins.iter().map(|bin| bin.images).sum();
        let gap = |bin: &Bin| (bin.confidence - bin.correct as f64).abs();
        self.bins.iter().map(gap).sum::<f64>() / images as f64
    }
}
