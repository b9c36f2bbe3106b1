//! Mean, standard deviation, Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How wide intervals are.
const LEVEL: f64 = 0.95;

/// A sample in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub count: usize,
    pub mean: f64,
    /// Standard deviation with `count − 1` below the root; not a number for a single value.
    pub deviation: f64,
}

impl Sample {
    /// Of values; none of nothing.
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

    /// Half the width of the 95 % interval of the mean.
    pub fn margin(&self) -> f64 {
        quantile(self.count) * self.deviation / (self.count as f64).sqrt()
    }

    /// Whether one more value from the same source may well be `value`: it lies in the 95 % prediction interval.
    pub fn may_give(&self, value: f64) -> bool {
        let width = self.deviation * (1.0 + 1.0 / self.count as f64).sqrt();
        (value - self.mean).abs() <= quantile(self.count) * width
    }
}

/// A paired t-test: whether the mean of some differences is zero. (Student 1908)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    pub difference: Sample,
    /// How probable so large a mean is, in either direction, if the true one is zero.
    pub p: f64,
}

impl Paired {
    /// Of differences; none with fewer than two.
    pub fn of(differences: &[f64]) -> Option<Paired> {
        let difference = Sample::of(differences).filter(|sample| sample.count > 1)?;
        let error = difference.deviation / (difference.count as f64).sqrt();
        let p = match (difference.mean == 0.0, error == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => {
                2.0 * student(difference.count as f64 - 1.0).cdf(-(difference.mean / error).abs())
            }
        };
        Some(Paired { difference, p })
    }
}

/// How probable means so far apart are, in either direction, if those of the two sources are the same: an unpaired t-test for unequal
/// spreads. (Welch 1947)
pub fn welch(a: Sample, b: Sample) -> f64 {
    let [va, vb] = [a, b].map(|sample| sample.deviation.powi(2) / sample.count as f64);
    let error = (va + vb).sqrt();
    if error == 0.0 {
        return if a.mean == b.mean { 1.0 } else { 0.0 };
    }
    let part = |v: f64, sample: Sample| v.powi(2) / (sample.count as f64 - 1.0);
    let freedom = (va + vb).powi(2) / (part(va, a) + part(vb, b));
    2.0 * student(freedom).cdf(-((a.mean - b.mean) / error).abs())
}

/// Holm's correction of some p-values for their number, in the order given. (Holm 1979)
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

/// How many standard errors the interval reaches to each side.
fn quantile(count: usize) -> f64 {
    match count {
        0 | 1 => f64::NAN,
        _ => student(count as f64 - 1.0).inverse_cdf(0.5 + LEVEL / 2.0),
    }
}

/// Student's distribution with some degrees of freedom, more than none.
fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom)
        .unwrap_or_else(|e| unreachable!("there is a degree of freedom: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's own example: hours of sleep gained by two drugs, ten patients each. R's `t.test(paired = TRUE)` of its data set `sleep`
    /// gives t = −4.0621 on 9 degrees of freedom, p = 0.002833, an interval from −2.4598858 to −0.7001142, and −1.58 as the mean.
    #[test]
    fn the_sleep_of_ten_patients() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let differences: Vec<_> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let found = Paired::of(&differences).unwrap();
        let close = |found: f64, wanted: f64, places: i32| {
            assert!(
                (found - wanted).abs() < 0.6 * 10f64.powi(-places),
                "{found} {wanted}"
            );
        };
        close(found.p, 0.002833, 6);
        close(found.difference.mean, -1.58, 9);
        close(
            found.difference.mean - found.difference.margin(),
            -2.459_885_8,
            6,
        );
        close(
            found.difference.mean + found.difference.margin(),
            -0.700_114_2,
            6,
        );
    }

    /// The same data, not paired: R's `t.test` gives p = 0.07939 on 17.776 degrees of freedom.
    #[test]
    fn the_same_as_twenty_patients() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let [first, second] = [first, second].map(|values| Sample::of(&values).unwrap());
        assert!((welch(first, second) - 0.07939).abs() < 1e-5);
        assert_eq!(welch(first, first), 1.0);
    }

    #[test]
    fn what_has_no_spread_is_told_from_what_has_no_value() {
        assert_eq!(Sample::of(&[]), None);
        assert!(Sample::of(&[1.0]).unwrap().deviation.is_nan());
        assert_eq!(Paired::of(&[1.0]), None);
        assert_eq!(Paired::of(&[0.0, 0.0]).unwrap().p, 1.0);
        assert_eq!(Paired::of(&[0.5, 0.5]).unwrap().p, 0.0);
        assert_eq!(Paired::of(&[-1.0, 1.0]).unwrap().p, 1.0);
        assert!(
            !Sample::of(&[1.0]).unwrap().may_give(1.0),
            "one value tells no spread"
        );
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
