//! The order in which an epoch sees its data.

use std::slice::Chunks;

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// Indices in some order, cut into batches. The last batch may be shorter; none is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
}

impl Batches {
    /// All indices, in the order in which the batches hold them.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The batches.
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

/// The indices `0..len`, shuffled, in batches of `batch_size`. The order is a function of `(seed, epoch)` and of `len` alone, the same
/// on every platform.
///
/// # Panics
/// When `batch_size` is 0.
pub fn batches(len: usize, batch_size: usize, seed: u64, epoch: u64) -> Batches {
    let mut batches = in_order(len, batch_size);
    batches.order.shuffle(&mut generator(seed, epoch));
    batches
}

/// The indices `0..len` in their own order, in batches of `batch_size`: for evaluation.
///
/// # Panics
/// When `batch_size` is 0.
pub fn in_order(len: usize, batch_size: usize) -> Batches {
    assert!(batch_size > 0, "in_order: a batch holds at least one image");
    Batches {
        order: (0..len).collect(),
        size: batch_size,
    }
}

/// Seed and epoch are the key; the word keeps the stream apart from other users of the same seed.
fn generator(seed: u64, epoch: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&epoch.to_le_bytes());
    key[16..].copy_from_slice(b"tapeline.shuffle");
    ChaCha8Rng::from_seed(key)
}
