//! Splitting off a part of the images.

use proptest::{collection::vec, prelude::*};
use tapeline_data::{Dataset, Holdout, Images};

/// Creates a dataset whose pixels are the index of the image.
fn dataset(labels: Vec<u8>) -> Dataset {
    let pixels = (0..labels.len())
        .flat_map(|i| (i as u32).to_le_bytes())
        .collect();
    let classes: Vec<_> = (0..256).map(|i| i.to_string()).collect();
    Dataset::new(
        Images::new(pixels, [labels.len(), 1, 2, 2]),
        labels,
        classes,
    )
    .unwrap()
}

fn indices(data: &Dataset) -> Vec<usize> {
    let index = |i| u32::from_le_bytes(data.images.pixels(i).try_into().unwrap()) as usize;
    (0..data.len()).map(index).collect()
}

proptest! {
    #[test]
    fn each_class_gives_its_share(
        labels in vec(0..5u8, 2..200), part in 0.01..0.99f64, seed: u64,
    ) {
        let (data, len) = (dataset(labels.clone()), labels.len());
        let wanted = ((len as f64 * part).round() as usize).max(1);
        prop_assume!(wanted < len);
        let (rest, held) = data.split(Holdout::Fraction(part), seed).unwrap();
        prop_assert_eq!(held.len(), wanted);
        prop_assert_eq!(&data.split(Holdout::Count(wanted), seed).unwrap(), &(rest.clone(), held.clone()));

        // Both parts are in order, and together they are all images with their labels.
        let (a, b) = (indices(&rest), indices(&held));
        prop_assert!(a.is_sorted() && b.is_sorted());
        let mut all = [a, b.clone()].concat();
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(0..len));
        prop_assert!(b.iter().zip(&*held.labels).all(|(&i, &label)| labels[i] == label));

        for class in 0..5 {
            let count = |labels: &[u8]| labels.iter().filter(|&&label| label == class).count();
            let share = count(&labels) as f64 * wanted as f64 / len as f64;
            prop_assert!((count(&held.labels) as f64 - share).abs() < 1.0);
        }
    }
}

proptest! {
    #[test]
    fn parts_are_equal_and_have_the_classes_in_equal_numbers(
        labels in vec(0..5u8, 2..200), parts in 2..12usize, seed: u64,
    ) {
        let (data, len) = (dataset(labels.clone()), labels.len());
        prop_assume!(parts <= len);
        let mut seen = Vec::new();
        for part in 0..parts {
            let (others, own) = data.fold(part, parts, seed).unwrap();
            prop_assert_eq!(&data.fold(part, parts, seed).unwrap(), &(others.clone(), own.clone()));
            let (a, b) = (indices(&others), indices(&own));
            prop_assert!(a.is_sorted() && b.is_sorted());
            let mut all = [a, b.clone()].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..len));
            prop_assert!(b.iter().zip(&*own.labels).all(|(&i, &label)| labels[i] == label));
            prop_assert!((len / parts..=len.div_ceil(parts)).contains(&own.len()));
            for class in 0..5 {
                let count = |labels: &[u8]| labels.iter().filter(|&&label| label == class).count();
                let all = count(&labels);
                prop_assert!((all / parts..=all.div_ceil(parts)).contains(&count(&own.labels)));
            }
            seen.extend(b);
        }
        // Each image is in one part.
        seen.sort_unstable();
        prop_assert!(seen.into_iter().eq(0..len));
    }
}

#[test]
fn there_are_at_least_as_many_images_as_parts() {
    let data = dataset(vec![0, 1, 0]);
    assert_eq!(data.fold(2, 3, 0).unwrap().1.len(), 1);
    for parts in [4, 1] {
        let error = data.fold(0, parts, 0).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("3 images cannot be split into {parts} parts")
        );
    }
}

#[test]
fn the_seed_chooses_the_images() {
    let data = dataset((0..100).map(|i| i / 50).collect());
    let held = |seed| indices(&data.split(Holdout::Count(20), seed).unwrap().1);
    assert_eq!(held(0), held(0));
    assert_ne!(held(0), held(1));
    // A fixed choice: it must not change between versions, or runs would be resumed on other data.
    assert_eq!(held(0)[..4], [1, 6, 8, 9]);
}

#[test]
fn at_least_one_image_remains() {
    let data = dataset(vec![0, 1, 0]);
    assert_eq!(data.split(Holdout::Count(0), 0).unwrap().1.len(), 0);
    for held in [
        Holdout::Count(3),
        Holdout::Count(usize::MAX),
        Holdout::Fraction(0.9),
    ] {
        let error = data.split(held, 0).unwrap_err().to_string();
        assert!(error.contains("of 3 images cannot be held out"), "{error}");
    }
}
