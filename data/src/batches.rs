//! The order of the samples in an epoch.

use std::slice::Chunks;

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// Indices in some order, split into batches. The last batch may be smaller; none is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
}

impl Batches {
    /// Returns all indices in batch order.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Returns an iterator over the batches.
    pub fn chunks(&self) -> Chunks<'_, usize> {
        self.order.chunks(self.size)
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a [usize];
    type IntoIter = Chunks<'a, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks()
    }
}

/// Shuffles the indices `0..len` into batches of `batch_size`.
///
/// The order depends only on `seed`, `epoch` and `len`, and is the same on every platform.
///
/// # Panics
/// Panics if `batch_size` is 0.
pub fn batches(len: usize, batch_size: usize, seed: u64, epoch: u64) -> Batches {
    let mut batches = in_order(len, batch_size);
    batches.order.shuffle(&mut generator(seed, epoch));
    batches
}

/// Returns the indices `0..len` in ascending order, in batches of `batch_size`, for evaluation.
///
/// # Panics
/// Panics if `batch_size` is 0.
pub fn in_order(len: usize, batch_size: usize) -> Batches {
    assert!(batch_size > 0, "in_order: a batch holds at least one image");
    Batches {
        order: (0..len).collect(),
        size: batch_size,
    }
}

/// Creates a generator keyed by seed and epoch. The label separates its stream from other uses of
/// the same seed.
fn generator(seed: u64, epoch: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&epoch.to_le_bytes());
    key[16..].copy_from_slice(b"tapeline.shuffle");
    ChaCha8Rng::from_seed(key)
}
