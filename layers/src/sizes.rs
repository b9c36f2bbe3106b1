//! Arithmetic with sizes from outside. Arguments and input shapes are bounded, but their sums and
//! products may exceed any integer before a layer is refused for its size.

/// Returns the number of values in a shape, or `None` if it exceeds `usize`.
pub fn checked_len(shape: &[usize]) -> Option<usize> {
    let mut sizes = shape.iter();
    sizes.try_fold(1usize, |len, &size| len.checked_mul(size))
}

/// Returns the product of sizes, saturating at `usize::MAX`.
pub fn product(sizes: &[usize]) -> usize {
    checked_len(sizes).unwrap_or(usize::MAX)
}

/// Returns the product of the factors of a cost, saturating at `u64::MAX`.
pub fn cost(factors: &[usize]) -> u64 {
    let mut factors = factors.iter().map(|&factor| factor as u64);
    factors.try_fold(1u64, u64::checked_mul).unwrap_or(u64::MAX)
}

/// Returns the length of an axis with padding before and after it, saturating at `usize::MAX`.
pub fn padded(size: usize, [before, after]: [usize; 2]) -> usize {
    size.saturating_add(before).saturating_add(after)
}
