//! Mean, median, standard deviation and Student's t-tests.
//!
//! Accuracies are fractions of a finite number of test images, which has two consequences for every
//! test here:
//!
//! - **They are rounded.** An accuracy is a multiple of 1/n, so equal accuracies over several seeds
//!   don't show that the spread is zero: a reading with resolution *r* has a standard uncertainty
//!   of *r/√12* that repeating it doesn't reduce (*Guide to the Expression of Uncertainty in
//!   Measurement*, JCGM 100:2008, F.2.2.1). So *2·(1/n)²/12* is added to the squared standard error
//!   of a difference of two accuracies.
//! - **All seeds share the test images.** The spread over the seeds doesn't show the effect of
//!   drawing n other images, and more seeds don't reduce it. Accuracies don't say on how many
//!   images two configurations disagree, but it is at least *m*, the difference in correct images:
//!   an exact sign test on the images (McNemar 1947) has a p-value of 2·2⁻ᵐ or more. A p-value here
//!   is never below that.
//!
//! A difference is therefore significant only if it is so with respect to both the seeds and the
//! images, as in an intersection–union test (Berger 1982).

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence level of intervals.
const LEVEL: f64 = 0.95;

/// Summary of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Number of values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation with denominator `count − 1`; NaN for a single value.
    pub deviation: f64,
}

impl Sample {
    /// Summarizes values; returns `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Sample> {
        if values.is_empty() {
            return None;
        }
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        Some(Sample {
            count,
            mean,
            deviation: (squares / (count as f64 - 1.0)).sqrt(),
        })
    }

    /// Squared standard error of the mean, from the spread alone.
    fn variance_of_mean(&self) -> f64 {
        self.deviation.powi(2) / self.count as f64
    }

    /// Whether one more accuracy from the same source, measured on as many `images`, could be
    /// `value`: it lies in the 95 % prediction interval, or the images alone can't rule it out.
    pub fn may_give(&self, value: f64, images: usize) -> bool {
        let variance = self.deviation.powi(2) + self.variance_of_mean() + rounding(images);
        let difference = (value - self.mean).abs();
        difference <= quantile(self.count) * variance.sqrt()
            || of_images(difference, images) >= 1.0 - LEVEL
    }
}

/// The median; for an even number of values, the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.len() / 2, values.len().checked_sub(1)? / 2);
    Some(0.5 * values[lower] + 0.5 * values[upper])
}

/// Squared standard uncertainty of a difference of two accuracies due to their resolution.
fn rounding(images: usize) -> f64 {
    2.0 * (1.0 / images as f64).powi(2) / 12.0
}

/// Lower bound on the p-value of a sign test on the images, reached if all images on which the
/// configurations disagree favour the same one.
fn of_images(difference: f64, images: usize) -> f64 {
    let differing = difference.abs() * images as f64;
    (1.0 - differing).exp2().min(1.0)
}

/// A paired t-test (Student 1908) of whether the mean of differences of accuracies is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The differences.
    pub difference: Sample,
    /// Two-sided p-value.
    pub p: f64,
    /// Half the width of the 95 % confidence interval of the mean, on these images.
    pub margin: f64,
}

impl Paired {
    /// Tests differences of accuracies measured on `images` images; returns `None` for fewer than
    /// two differences.
    pub fn of(differences: &[f64], images: usize) -> Option<Paired> {
        let difference = Sample::of(differences).filter(|sample| sample.count > 1)?;
        let error = (difference.variance_of_mean() + rounding(images)).sqrt();
        let freedom = difference.count as f64 - 1.0;
        Some(Paired {
            p: two_sided(difference.mean, error, freedom).max(of_images(difference.mean, images)),
            margin: quantile(difference.count) * error,
            difference,
        })
    }
}

/// Two-sided p-value of an unpaired t-test for unequal variances (Welch 1947): the probability of
/// means this far apart if both sources have the same mean.
pub fn welch(a: Sample, b: Sample, images: usize) -> f64 {
    let [va, vb] = [a, b].map(|sample| sample.variance_of_mean());
    let part = |v: f64, sample: Sample| v.powi(2) / (sample.count as f64 - 1.0);
    let freedom = match va + vb > 0.0 {
        true => (va + vb).powi(2) / (part(va, a) + part(vb, b)),
        // Without any spread, use the size of the smaller sample, which is the minimum of the
        // formula.
        false => a.count.min(b.count) as f64 - 1.0,
    };
    let (difference, error) = (a.mean - b.mean, (va + vb + rounding(images)).sqrt());
    two_sided(difference, error, freedom).max(of_images(difference, images))
}

/// Two-sided p-value of a mean with a positive standard error.
fn two_sided(mean: f64, error: f64, freedom: f64) -> f64 {
    2.0 * student(freedom).cdf(-(mean / error).abs())
}

/// Holm's correction of p-values for multiple comparisons, in the order given (Holm 1979).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut least = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max(p[index] * (p.len() - rank) as f64).min(1.0);
        corrected[index] = least;
    }
    corrected
}

/// Half the width of the confidence interval of the mean, in standard errors.
fn quantile(count: usize) -> f64 {
    match count {
        0 | 1 => f64::NAN,
        _ => student(count as f64 - 1.0).inverse_cdf(0.5 + LEVEL / 2.0),
    }
}

/// Student's t-distribution with a positive number of degrees of freedom.
fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom)
        .unwrap_or_else(|e| unreachable!("the degrees of freedom are positive: {e}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number of images at which rounding is negligible.
    const FINE: usize = 1 << 40;

    /// Student's own example: hours of sleep gained with two drugs by ten patients. R's
    /// `t.test(paired = TRUE)` on its data set `sleep` gives t = −4.0621 on 9 degrees of freedom, p
    /// = 0.002833, the interval from −2.4598858 to −0.7001142, and the mean −1.58.
    #[test]
    fn the_sleep_of_ten_patients() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let differences: Vec<_> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let found = Paired::of(&differences, FINE).unwrap();
        let close = |found: f64, wanted: f64, places: i32| {
            assert!(
                (found - wanted).abs() < 0.6 * 10f64.powi(-places),
                "{found} {wanted}"
            );
        };
        close(found.p, 0.002833, 6);
        close(found.difference.mean, -1.58, 9);
        close(found.difference.mean - found.margin, -2.459_885_8, 6);
        close(found.difference.mean + found.margin, -0.700_114_2, 6);
    }

    /// The same data, unpaired: R's `t.test` gives p = 0.07939 on 17.776 degrees of freedom.
    #[test]
    fn the_same_as_twenty_patients() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let [first, second] = [first, second].map(|values| Sample::of(&values).unwrap());
        assert!((welch(first, second, FINE) - 0.07939).abs() < 1e-5);
        assert_eq!(welch(first, first, FINE), 1.0);
    }

    #[test]
    fn what_has_no_spread_is_told_from_what_has_no_value() {
        assert_eq!(Sample::of(&[]), None);
        assert!(Sample::of(&[1.0]).unwrap().deviation.is_nan());
        assert_eq!(Paired::of(&[1.0], 10), None);
        assert_eq!(Paired::of(&[0.0, 0.0], 10).unwrap().p, 1.0);
        assert_eq!(Paired::of(&[-1.0, 1.0], 10).unwrap().p, 1.0);
        let few = Sample::of(&[0.9]).unwrap();
        assert!(!few.may_give(0.1, 100), "a single value has no spread");
    }

    /// Equal differences don't prove that the spread is zero: with few images it may be hidden by
    /// rounding.
    #[test]
    fn equal_differences_are_not_certain() {
        for images in 1..6 {
            for seeds in 2..=100 {
                let p = Paired::of(&vec![1.0; seeds], images).unwrap().p;
                assert!(p > 0.05, "{images} images, {seeds} seeds: {p}");
                let [a, b] = [0.0, 1.0].map(|x| Sample::of(&vec![x; seeds]).unwrap());
                assert!(welch(a, b, images) > 0.05 && a.may_give(1.0, images));
            }
        }
        assert!(Paired::of(&[0.5, 0.5], 2).unwrap().margin > 0.5);
        assert!(Paired::of(&[0.02; 3], 10_000).unwrap().p < 0.05);
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([2.0, 1.0]), Some(1.5));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    proptest! {
        /// There are as many values below the median as above it, and negating the values negates
        /// it.
        #[test]
        fn a_median_parts_values_evenly(values in prop::collection::vec(-1e6..1e6, 1..40)) {
            let middle = median(values.iter().copied()).unwrap();
            let below = values.iter().filter(|&&value| value < middle).count();
            let above = values.iter().filter(|&&value| value > middle).count();
            prop_assert!(2 * below.max(above) <= values.len());
            prop_assert_eq!(median(values.iter().map(|value| -value)), Some(-middle));
        }
    }

    /// Pseudorandom numbers between 0 and 1: SplitMix64 (Steele, Lea, Flood 2014).
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = self.0;
            x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((x ^ x >> 31) >> 11) as f64 / (1u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (-2.0 * (1.0 - self.next()).ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
        }

        /// Samples how many of `images` are classified correctly if each is with probability `p`;
        /// for many images, approximated by a normal distribution.
        fn correct(&mut self, images: usize, p: f64) -> f64 {
            if images <= 100 {
                return (0..images).filter(|_| self.next() < p).count() as f64;
            }
            let (mean, variance) = (images as f64 * p, images as f64 * p * (1.0 - p));
            (mean + variance.sqrt() * self.normal())
                .round()
                .clamp(0.0, images as f64)
        }
    }

    /// For two configurations of equal accuracy, at most 5 % of the verdicts are wrong (in 4000
    /// simulations, 6.4 % is four standard deviations above that). The spread over the seeds may
    /// exceed what the images alone cause, and an image may be equally hard for all seeds.
    #[test]
    fn rows_that_are_equal_are_seldom_told_apart() {
        const TRIALS: usize = 4000;
        let mut numbers = Numbers(1);
        for images in [2, 10, 100, 10_000] {
            for accuracy in [0.1, 0.5, 0.9, 0.99] {
                for (spread, seeds) in [0.0, 0.02]
                    .iter()
                    .flat_map(|s| (2..=5).map(move |k| (s, k)))
                {
                    let wrong = (0..TRIALS).filter(|_| {
                        let mut row = || {
                            let p: f64 = accuracy + spread * numbers.normal();
                            numbers.correct(images, p.clamp(0.0, 1.0)) / images as f64
                        };
                        let (a, b): (Vec<_>, Vec<_>) = (0..seeds).map(|_| (row(), row())).unzip();
                        let differences: Vec<_> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
                        Paired::of(&differences, images).unwrap().p < 0.05
                    });
                    let share = wrong.count() as f64 / TRIALS as f64;
                    assert!(
                        share <= 0.064,
                        "{images} images, {seeds} seeds, accuracy {accuracy} ± {spread}: {share}"
                    );
                }
            }
        }
    }

    /// Two configurations that are right on different images, without any spread over the seeds:
    /// equally accurate on the whole population, different on the sampled images. The seeds can't
    /// show this. With few images, it must never lead to a verdict.
    #[test]
    fn few_images_never_make_a_verdict() {
        let mut numbers = Numbers(2);
        for images in [2, 5] {
            for seeds in 2..=5 {
                for _ in 0..1000 {
                    let difference = 2.0 * numbers.correct(images, 0.5) / images as f64 - 1.0;
                    let p = Paired::of(&vec![difference; seeds], images).unwrap().p;
                    assert!(p >= 0.05, "{images} images, {seeds} seeds: {difference}");
                }
            }
        }
    }

    /// R: `p.adjust(c(0.01, 0.04, 0.03), "holm")` gives 0.03 0.06 0.06.
    #[test]
    fn holm_corrects_for_the_number() {
        let found = holm(&[0.01, 0.04, 0.03]);
        for (found, wanted) in found.iter().zip([0.03, 0.06, 0.06]) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
        assert!(holm(&[]).is_empty());
    }
}
