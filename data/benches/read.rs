//! Reading MNIST: `cargo bench -p tapeline-data --features bundled`.

use divan::{Bencher, black_box};
use tapeline_data::{Normalisation, load};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 10)]
fn mnist_unpacked_and_checked() {
    black_box(load("mnist").expect("MNIST is bundled"));
}

#[divan::bench]
fn gather_100_images(bencher: Bencher) {
    let train = load("mnist").expect("MNIST is bundled").train;
    let indices: Vec<usize> = (0..100).map(|i| i * 577).collect();
    let mut pixels = vec![0.0; 100 * 28 * 28];
    bencher
        .bench_local(|| train.gather(black_box(&indices), Normalisation::default(), &mut pixels));
}
