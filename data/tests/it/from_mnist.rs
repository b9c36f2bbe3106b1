//! Conversions from data that the `mnist` crate has loaded.

use mnist::Mnist;
use tapeline_data::{Dataset, Loaded};

/// Creates parts of 2, 1 and 1 images.
fn parts() -> Mnist {
    let image = |value: u8, count: usize| vec![value; 784 * count];
    Mnist {
        trn_img: image(1, 2),
        trn_lbl: vec![5, 6],
        val_img: image(2, 1),
        val_lbl: vec![7],
        tst_img: image(3, 1),
        tst_lbl: vec![8],
    }
}

#[test]
fn a_dataset_is_the_training_part() {
    let data = Dataset::try_from(parts()).unwrap();
    assert_eq!(
        (data.shape(), &data.labels[..], data.classes.len()),
        ([1, 28, 28], &[5, 6][..], 10)
    );
    assert!(data.images.bytes().iter().all(|&pixel| pixel == 1));
}

#[test]
fn loaded_holds_every_part() {
    let loaded = Loaded::try_from(parts()).unwrap();
    let (train, val) = (loaded.train, loaded.val.unwrap());
    assert_eq!(
        (&train.labels[..], &val.labels[..], &loaded.test.labels[..]),
        (&[5, 6][..], &[7][..], &[8][..])
    );
    assert_eq!(
        (val.images.pixels(0)[0], loaded.test.images.pixels(0)[783]),
        (2, 3)
    );
}

#[test]
fn wrong_parts_are_refused() {
    let refused = |change: fn(&mut Mnist), text: &str| {
        let mut mnist = parts();
        change(&mut mnist);
        let error = Dataset::try_from(mnist).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    refused(|m| m.trn_lbl = vec![0; 20], "one-hot");
    refused(|m| m.trn_lbl = vec![0; 3], "2 images but 3 labels");
    refused(
        |m| m.trn_lbl[1] = 10,
        "label 10 at position 1, classes 0..9",
    );
    refused(
        |m| m.trn_img.truncate(1000),
        "1000 pixels are not a whole number of 28x28 images",
    );
}

#[cfg(feature = "bundled")]
mod bundled {
    use std::{fs, path::Path};

    use super::*;
    use mnist::MnistBuilder;
    use tapeline_data::{load, verify};

    #[test]
    fn the_mnist_crate_reads_the_same_bytes() {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("mnist");
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(files).unwrap().map(|e| e.unwrap().path()) {
            if entry.extension().is_some_and(|e| e == "gz") {
                let mut raw = Vec::new();
                let file = fs::File::open(&entry).unwrap();
                std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(file), &mut raw)
                    .unwrap();
                fs::write(folder.path().join(entry.file_stem().unwrap()), raw).unwrap();
            }
        }
        let path = folder.path().to_str().unwrap();
        let theirs = Loaded::try_from(MnistBuilder::new().base_path(path).finalize()).unwrap();
        let ours = load("mnist").unwrap();
        assert!(ours.train == theirs.train, "training data differ");
        assert!(ours.test == theirs.test, "test data differ");
        let by_path = load(folder.path()).unwrap();
        assert!(ours.train == by_path.train && ours.test == by_path.test);
        assert_eq!(ours.train.sha256(), by_path.train.sha256());
        assert_ne!(ours.train.sha256(), ours.test.sha256());
    }

    #[test]
    fn the_bundled_files_have_the_listed_sums() {
        let listed =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("mnist/SHA256SUMS"))
                .unwrap();
        let reports = verify("mnist").unwrap();
        assert_eq!(reports.len(), 4);
        for (report, count) in reports.iter().zip([60_000, 60_000, 10_000, 10_000]) {
            let stem = Path::new(&report.name)
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap();
            assert!(
                listed.contains(&format!("{}  {stem}\n", report.sha256)),
                "{report:?}"
            );
            assert_eq!(report.expected, Some(report.sha256.as_str()));
            assert_eq!((report.count, report.ok), (count, true));
        }
    }

    /// The mean and standard deviation commonly used to normalize MNIST.
    #[test]
    fn mean_and_deviation_of_the_training_pixels() {
        let train = load("mnist").unwrap().train;
        let found = tapeline_data::Normalisation::standard(&train).unwrap();
        assert!((found.mean.get(0) - 0.1307).abs() < 5e-5, "{found:?}");
        assert!((found.std.get(0) - 0.3081).abs() < 5e-5, "{found:?}");
    }
}
