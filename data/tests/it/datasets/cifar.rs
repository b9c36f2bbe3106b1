//! The binary files of CIFAR-10 and CIFAR-100.

use std::{fs, path::Path};

use super::common::{call, has, load, says};

/// Writes `count` records with these label bytes; the pixels of record `i` are `i + 1`.
fn write(file: &Path, count: usize, labels: impl Fn(usize) -> Vec<u8>) {
    let record = |i: usize| [labels(i), vec![i as u8 + 1; 3072]].concat();
    fs::write(file, (0..count).flat_map(record).collect::<Vec<u8>>()).unwrap();
}

fn cifar10(folder: &Path) {
    for batch in 1..=5 {
        write(&folder.join(format!("data_batch_{batch}.bin")), 2, |i| {
            vec![(i + batch) as u8]
        });
    }
    write(&folder.join("test_batch.bin"), 3, |i| vec![i as u8]);
}

#[test]
fn cifar10_is_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    cifar10(folder.path());
    let loaded = load(folder.path()).unwrap();
    has(&loaded.notes, "read as `cifar10`");
    assert_eq!(
        (loaded.train.shape(), loaded.train.classes.len()),
        ([3, 32, 32], 10)
    );
    assert_eq!(loaded.train.labels[..], [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    assert_eq!(loaded.test.labels[..], [0, 1, 2]);
    assert!(
        loaded
            .train
            .images
            .pixels(9)
            .iter()
            .all(|&pixel| pixel == 2)
    );
    let names = [
        "plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ];
    fs::write(
        folder.path().join("batches.meta.txt"),
        names.join("\n") + "\n\n",
    )
    .unwrap();
    assert_eq!(load(folder.path()).unwrap().train.classes[..], names);
    fs::write(folder.path().join("batches.meta.txt"), "plane\n").unwrap();
    says(
        load(folder.path()),
        &["batches.meta.txt", "holds 1 class names, wanted 10"],
    );
}

#[test]
fn cifar100_has_two_labels() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train.bin"), 4, |i| {
        vec![i as u8, 90 + i as u8]
    });
    write(&folder.path().join("test.bin"), 1, |_| vec![19, 99]);
    let fine = load(folder.path()).unwrap();
    has(&fine.notes, "read as `cifar100`");
    assert_eq!(
        (&fine.train.labels[..], fine.train.classes.len()),
        (&[90, 91, 92, 93][..], 100)
    );
    let coarse = load(call("cifar100", folder.path(), ", labels=coarse")).unwrap();
    assert_eq!(
        (&coarse.test.labels[..], coarse.train.classes.len()),
        (&[19][..], 20)
    );
}

#[test]
fn all_damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    cifar10(folder.path());
    fs::write(folder.path().join("data_batch_2.bin"), [0; 3072]).unwrap();
    fs::write(folder.path().join("data_batch_3.bin"), "").unwrap();
    fs::remove_file(folder.path().join("test_batch.bin")).unwrap();
    says(
        load(folder.path()),
        &[
            "data_batch_2.bin: 3072 bytes are not a whole number of records of 3073 bytes",
            "data_batch_3.bin: holds no images",
            "test_batch.bin: cannot open",
        ],
    );
    cifar10(folder.path());
    write(&folder.path().join("data_batch_4.bin"), 2, |_| vec![10]);
    write(&folder.path().join("test_batch.bin"), 2, |i| {
        vec![11 * i as u8]
    });
    says(
        load(folder.path()),
        &[
            "data_batch_4.bin: label 10 at position 0, classes 0..9",
            "test_batch.bin: label 11 at position 1",
        ],
    );
}
