//! Augmenting MNIST, a batch on one thread: `cargo bench -p tapeline-data --features bundled --bench augment`.

use divan::{Bencher, black_box};
use tapeline_data::{Augmentation, Normalisation, augmentations, load};

fn main() {
    divan::main();
}

const CHAINS: [&str; 4] = [
    "erase(0.1)",
    "shift(2) rotate(10) scale(0.9, 1.1)",
    "elastic(34, 4)",
    "shift(2) rotate(10) scale(0.9, 1.1) elastic(34, 4) erase(0.1)",
];

#[divan::bench(args = CHAINS)]
fn gather_100_images(bencher: Bencher, chain: &str) {
    let train = load("mnist").expect("MNIST is bundled").train;
    let augmentation = Augmentation::read(chain, &augmentations()).expect("a chain");
    let indices: Vec<usize> = (0..100).map(|i| i * 577).collect();
    let mut pixels = vec![0.0; 100 * 28 * 28];
    bencher.bench_local(|| {
        train.gather_augmented(
            black_box(&indices),
            Normalisation::default(),
            augmentation.draws(0, 1),
            &mut pixels,
        )
    });
}
