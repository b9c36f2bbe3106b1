//! The random changes of an epoch.

use ndarray::ArrayViewMut3;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Augmentation, Mix, Warp, augmentation::Kind};

/// An [`Augmentation`] in one epoch of one run.
///
/// The change of an image depends only on the seed, the epoch, the index of the image, and the
/// position of each entry in the chain. It doesn't depend on batches, threads, or the random
/// numbers used by other entries.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    augmentation: &'a Augmentation,
    seed: u64,
    epoch: u64,
}

/// The place of all mixing in the chain.
const MIXING: u32 = u32::MAX;

impl<'a> Draws<'a> {
    pub(super) fn new(augmentation: &'a Augmentation, seed: u64, epoch: u64) -> Self {
        Draws {
            augmentation,
            seed,
            epoch,
        }
    }

    /// Writes the augmented image `index` into `out`, as values from 0 to 255, not mixed with
    /// another one.
    ///
    /// `shape` is `[channels, rows, columns]`; all channels are transformed alike. Pixels from
    /// outside the image are black (0).
    ///
    /// # Panics
    /// Panics if the size of `image` or `out` differs from `shape`.
    #[track_caller]
    pub fn apply(&self, index: usize, image: &[u8], shape: [usize; 3], out: &mut [f32]) {
        let [_, rows, cols] = shape;
        let size: usize = shape.iter().product();
        assert_eq!(
            (image.len(), out.len()),
            (size, size),
            "Draws::apply: sizes of `image` and `out` for {shape:?}"
        );
        if size == 0 {
            return;
        }
        let changes = || self.augmentation.changes.iter().zip(0..);

        let mut warp = Warp::new([rows, cols]);
        for (change, place) in changes() {
            if let Kind::Warp(add) = &change.0 {
                add(&mut warp, &mut self.generator(index, place));
            }
        }
        warp.resample(image, out);
        for (change, place) in changes() {
            if let Kind::Pixels(paint) = &change.0 {
                let image =
                    ArrayViewMut3::from_shape(shape, &mut *out).expect("its size is checked");
                paint(image, &mut self.generator(index, place));
            }
        }
    }

    /// Returns the index of the image, of `count`, that is mixed into image `index`, and how. `None`
    /// if nothing in the chain mixes images, or they have no pixels.
    pub(crate) fn mix(&self, index: usize, count: usize, size: [usize; 2]) -> Option<(usize, Mix)> {
        let mixers = self.augmentation.mixers().count();
        if mixers == 0 || size.contains(&0) {
            return None;
        }
        let mut random = self.generator(index, MIXING);
        let other = random.random_range(0..count);
        let place = random.random_range(0..mixers);
        let mix = self.augmentation.mixers().nth(place)?;
        Some((other, mix(size, &mut random)))
    }

    /// Creates the generator of an entry for one image. The label separates its stream from other
    /// uses of the same seed.
    fn generator(&self, index: usize, place: u32) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&self.epoch.to_le_bytes());
        key[16..24].copy_from_slice(&(index as u64).to_le_bytes());
        key[24..28].copy_from_slice(&place.to_le_bytes());
        key[28..].copy_from_slice(b"augm");
        ChaCha8Rng::from_seed(key)
    }
}
