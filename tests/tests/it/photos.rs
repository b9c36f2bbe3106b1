//! Pictures like photos of digits, classified by a network that has seen MNIST only.

use tapeline_data::{Dataset, Images, Normalisation, digit, load};
use tapeline_models::predict;
use tapeline_tensor::Tensor;
use tapeline_tests::photos::{odd_photo, photo};

/// Number of photos.
const COUNT: u64 = 10;

/// A network that is small enough to be trained in a test classifies at least nine of ten photos,
/// which vary in size from 500 to 2000 pixels.
#[test]
fn photos_are_classified() {
    let mnist = load("mnist").unwrap();
    let test = mnist.test.clone();
    let run = tapeline::train(
        "conv2d(8, 5, padding=2) relu maxpool2d(2) conv2d(16, 5) relu maxpool2d(2) flatten linear(64) relu linear(10)",
    );
    let run = run
        .data("mnist")
        .limit(12_000)
        .epochs(3)
        .optimizer("adam(lr=0.003)")
        .seed(0);
    let run = run.run().unwrap();
    assert!(run.test_accuracy > 0.95, "{}", run.test_accuracy);

    let photos: Vec<_> = (0..COUNT).map(|n| photo(&test, n)).collect();
    let prepared = photos.iter().map(|photo| digit(&photo.image, 0, 28));
    let pixels: Vec<u8> = prepared
        .flat_map(|found| found.image.pixels(0).to_vec())
        .collect();
    let images = Images::new(pixels, [COUNT as usize, 1, 28, 28]);
    let data = Dataset::new(
        images,
        vec![0; COUNT as usize],
        mnist.train.classes.to_vec(),
    )
    .unwrap();
    let mut inputs = vec![0.0; data.images.bytes().len()];
    let indices: Vec<_> = (0..data.len()).collect();
    data.gather(&indices, Normalisation::default(), &mut inputs);
    let inputs = Tensor::from_shape_vec(vec![COUNT as usize, 1, 28, 28], inputs).unwrap();
    let found = predict(&run.model.model, &run.model.params, inputs).unwrap();
    let classes = found
        .rows()
        .into_iter()
        .map(|row| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap());
    let wanted: Vec<_> = photos.iter().map(|photo| photo.digit).collect();
    let classes: Vec<_> = classes.collect();
    let right = classes.iter().zip(&wanted).filter(|(a, b)| a == b).count();
    assert!(right >= 9, "{classes:?}, expected {wanted:?}");
}

#[test]
fn paper_without_ink_and_several_digits_are_noticed() {
    for n in 0..10 {
        assert_eq!(digit(&odd_photo(&[], n), 0, 28).shapes, 0, "{n}");
        assert_eq!(digit(&odd_photo(&[3, 8], n), 0, 28).shapes, 2, "{n}");
        assert_eq!(digit(&odd_photo(&[5, 2, 6], n), 0, 28).shapes, 3, "{n}");
    }
}
