//! Properties of files and batches.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*};
use tapeline_data::{
    Dataset, Images, Normalisation, batches, in_order, read_images, read_images_from, read_labels,
    read_labels_from, write_images, write_labels,
};

fn images() -> impl Strategy<Value = Images> {
    (0..6usize, 1..4usize, 1..9usize, 1..9usize).prop_flat_map(|(n, c, h, w)| {
        vec(any::<u8>(), n * c * h * w).prop_map(move |pixels| Images::new(pixels, [n, c, h, w]))
    })
}

/// Returns the bytes of an image file, gzipped in two members that are split at `cut`.
fn packed(images: &Images, cut: usize) -> Vec<u8> {
    let mut raw = vec![0, 0, 8, 4];
    for size in [
        images.count(),
        images.channels(),
        images.rows(),
        images.cols(),
    ] {
        raw.extend((size as u32).to_be_bytes());
    }
    raw.extend(images.bytes());
    let (head, tail) = raw.split_at(cut % raw.len());
    let member = |bytes: &[u8]| {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    [member(head), member(tail)].concat()
}

proptest! {
    #[test]
    fn standardized_channels_have_mean_0_and_deviation_1(images in images()) {
        prop_assume!(images.count() > 0);
        let labels = vec![0; images.count()];
        let data = Dataset::new(images.clone(), labels, ["any".to_string()]).unwrap();
        let standard = Normalisation::standard(&data).unwrap();
        prop_assert_eq!(standard.checked(), Ok(standard));
        let mut pixels = vec![0.0; data.len() * images.area()];
        data.gather(&(0..data.len()).collect::<Vec<_>>(), standard, &mut pixels);
        let plane = images.rows() * images.cols();
        for channel in 0..images.channels() {
            let planes = pixels.chunks(plane).skip(channel).step_by(images.channels());
            let values: Vec<f64> = planes.flatten().map(|&value| f64::from(value)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
            let is_constant = variance < 1e-3;
            prop_assert!(mean.abs() < 1e-3 && (is_constant || (variance - 1.0).abs() < 1e-3), "{} {}", mean, variance);
        }
    }

    #[test]
    fn written_images_are_read_back(images in images(), gz: bool) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(if gz { "images.gz" } else { "images" });
        write_images(&file, &images).unwrap();
        prop_assert_eq!(read_images(&file).unwrap(), images);
        let packed = std::fs::read(&file).unwrap().starts_with(&[0x1f, 0x8b]);
        prop_assert_eq!(packed, gz);
    }

    #[test]
    fn written_labels_are_read_back(labels in vec(any::<u8>(), 0..200), gz: bool) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(if gz { "labels.GZ" } else { "labels" });
        write_labels(&file, &labels).unwrap();
        prop_assert_eq!(read_labels(&file).unwrap(), labels);
    }

    #[test]
    fn transposing_swaps_rows_and_columns(images in images()) {
        let turned = images.transposed();
        prop_assert_eq!(turned.view(), images.view().permuted_axes([0, 1, 3, 2]));
    }

    #[test]
    fn any_bytes_give_a_result(start in 0..4usize, rest in vec(any::<u8>(), 0..80)) {
        let starts: [&[u8]; 4] = [b"", b"\0\0\x08\x03", b"\0\0\x08\x01", b"\x1f\x8b\x08"];
        let bytes = [starts[start], &rest].concat();
        if let Ok(images) = read_images_from(&bytes, "any") {
            prop_assert_eq!(images.bytes().len(), images.count() * images.area());
        }
        if let Ok(labels) = read_labels_from(&bytes, "any") {
            prop_assert!(labels.len() < bytes.len() || start == 3);
        }
    }

    /// A flipped bit is either harmless (time, system, name) or detected; it never changes the
    /// pixels.
    #[test]
    fn damaged_gzip_never_gives_other_images(images in images(), cut: usize, byte: usize, bit in 0..8u32) {
        let mut bytes = packed(&images, cut);
        prop_assert_eq!(&read_images_from(&bytes, "whole").unwrap(), &images);
        let byte = byte % bytes.len();
        bytes[byte] ^= 1 << bit;
        if let Ok(read) = read_images_from(&bytes, "damaged") {
            prop_assert_eq!(read, images);
        }
    }

    #[test]
    fn batches_are_a_permutation(len in 0..500usize, size in 1..60usize, seed: u64, epoch: u64) {
        let plan = batches(len, size, seed, epoch);
        prop_assert_eq!(&plan, &batches(len, size, seed, epoch));
        let chunks: Vec<&[usize]> = plan.chunks().collect();
        prop_assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == size));
        prop_assert_eq!(chunks.concat(), plan.order());
        let mut order = plan.order().to_vec();
        order.sort_unstable();
        prop_assert_eq!(order, (0..len).collect::<Vec<_>>());
        prop_assert!(in_order(len, size).order().is_sorted());
    }

    #[test]
    fn order_depends_on_seed_and_epoch_but_not_on_batch_size(len in 60..500usize, seed: u64, epoch: u64, other: u64) {
        let order = |size, seed, epoch| batches(len, size, seed, epoch).order().to_vec();
        prop_assert_eq!(order(1, seed, epoch), order(50, seed, epoch));
        prop_assume!(other != seed && other != epoch);
        prop_assert_ne!(order(1, seed, epoch), order(1, other, epoch));
        prop_assert_ne!(order(1, seed, epoch), order(1, seed, other));
        if seed != epoch {
            prop_assert_ne!(order(1, seed, epoch), order(1, epoch, seed));
        }
    }
}

/// Each of 20 indices is equally likely to come first: in 4000 samples, the expected count is 200
/// with a standard deviation of 14.
#[test]
fn first_places_are_shared_evenly() {
    let mut counts = [0u32; 20];
    for epoch in 0..4000 {
        counts[batches(20, 4, 1, epoch).order()[0]] += 1;
    }
    assert!(
        counts.iter().all(|&n| (130..270).contains(&n)),
        "{counts:?}"
    );
}
