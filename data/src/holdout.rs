//! Splitting the images into parts that have the classes in the same proportions.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// The number of images to split off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Holdout {
    /// A number of images.
    Count(usize),
    /// A fraction of the images, between 0 and 1, rounded to a whole number of images.
    Fraction(f64),
}

impl Holdout {
    /// Returns the number of images to split off from `len`; at least one for a fraction.
    fn count(self, len: usize) -> usize {
        match self {
            Holdout::Count(count) => count,
            Holdout::Fraction(fraction) => ((len as f64 * fraction).round() as usize).max(1),
        }
    }

    /// Returns the indices of the images that remain, and of those that are split off, ascending.
    ///
    /// Each class gives its share, rounded so that the sum is exact: classes with the largest
    /// remainder give one more. Which images of a class are chosen is a function of the seed, the
    /// class and the number of its images.
    pub(crate) fn split(
        self,
        labels: &[u8],
        seed: u64,
    ) -> Result<(Vec<usize>, Vec<usize>), DataError> {
        let (len, wanted) = (labels.len(), self.count(labels.len()));
        if wanted >= len {
            return Err(DataError::Split { wanted, found: len });
        }
        let classes = shuffled(labels, seed);
        let mut held = vec![false; len];
        for (class, share) in classes.iter().zip(shares(&classes, wanted, len)) {
            class[..share].iter().for_each(|&i| held[i] = true);
        }
        Ok((0..len).partition(|&i| !held[i]))
    }
}

/// Returns the indices of the images outside and inside of a part, ascending. The parts, of which
/// there are `parts`, differ by at most one image in size and in each class.
pub(crate) fn fold(
    labels: &[u8],
    part: usize,
    parts: usize,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let len = labels.len();
    if len < parts || parts < 2 {
        return Err(DataError::Folds { parts, found: len });
    }
    let mut inside = vec![false; len];
    let dealt = shuffled(labels, seed).into_iter().flatten();
    dealt
        .skip(part)
        .step_by(parts)
        .for_each(|i| inside[i] = true);
    Ok((0..len).partition(|&i| !inside[i]))
}

/// Returns the indices of the images of each class, in an order that is a function of the seed, the
/// class and the number of its images.
fn shuffled(labels: &[u8], seed: u64) -> Vec<Vec<usize>> {
    let mut classes = vec![Vec::new(); 256];
    for (i, &label) in labels.iter().enumerate() {
        classes[usize::from(label)].push(i);
    }
    for (class, images) in (0..).zip(&mut classes) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(class);
        images.shuffle(&mut random);
    }
    classes
}

/// Returns how many images each class gives, `wanted` of `len` in total.
fn shares(classes: &[Vec<usize>], wanted: usize, len: usize) -> Vec<usize> {
    let product = |class: &Vec<usize>| class.len() as u128 * wanted as u128;
    let mut shares: Vec<_> = classes
        .iter()
        .map(|class| (product(class) / len as u128) as usize)
        .collect();
    let mut order: Vec<_> = (0..classes.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(product(&classes[class]) % len as u128));
    let missing = wanted - shares.iter().sum::<usize>();
    order[..missing]
        .iter()
        .for_each(|&class| shares[class] += 1);
    shares
}
