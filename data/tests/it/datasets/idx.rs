//! IDX files with channels, and with a part missing.

use std::fs;

use tapeline_data::{Images, write_images, write_labels};

use super::common::{call, has, load, says};

/// Writes IDX files by hand: `sizes` are those of an image.
fn write(folder: &std::path::Path, sizes: [u32; 3]) {
    for part in ["train", "t10k"] {
        let mut bytes = vec![0, 0, 8, 4, 0, 0, 0, 2];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend((0..2 * sizes.iter().product::<u32>()).map(|i| i as u8));
        fs::write(folder.join(format!("{part}-images-idx4-ubyte")), bytes).unwrap();
        write_labels(folder.join(format!("{part}-labels-idx1-ubyte")), &[0, 1]).unwrap();
    }
}

#[test]
fn channels_that_come_last_are_not_taken_for_rows() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), [8, 6, 3]);
    let parts = [
        "[8, 6, 3]",
        "rows, columns, channels",
        "help: give the order: `idx(\"folder\", layout=hwc)`",
    ];
    says(load(folder.path()), &parts);
    let last = load(call("idx", folder.path(), ", layout=hwc"))
        .unwrap()
        .train;
    assert_eq!((last.shape(), last.classes.len()), ([3, 8, 6], 2));
    let red: Vec<u8> = (0..48).map(|i| 3 * i).collect();
    assert_eq!(last.images.pixels(0)[..48], red);
    let first = load(call("idx", folder.path(), ", layout=chw"))
        .unwrap()
        .train;
    assert_eq!(first.shape(), [8, 6, 3]);
    write(folder.path(), [3, 8, 6]);
    assert_eq!(load(folder.path()).unwrap().train.shape(), [3, 8, 6]);
    write(folder.path(), [16, 8, 6]);
    assert_eq!(load(folder.path()).unwrap().train.shape(), [16, 8, 6]);
}

#[test]
fn test_data_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::new((0..40).collect(), [10, 1, 2, 2]);
    write_images(folder.path().join("train-images-idx3-ubyte"), &images).unwrap();
    write_labels(
        folder.path().join("train-labels-idx1-ubyte"),
        &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
    )
    .unwrap();
    fs::write(folder.path().join("classes.txt"), "no\nyes\nmaybe\n").unwrap();
    let loaded = load(folder.path()).unwrap();
    has(&loaded.notes, "no test data: 2 of 10 images are split off");
    assert_eq!(loaded.test.labels[..], [0, 1]);
    assert_eq!(loaded.train.classes[..], ["no", "yes", "maybe"]);
}

#[test]
fn both_parts_are_blamed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), [3, 2, 2]);
    fs::write(folder.path().join("train-images-idx4-ubyte"), "").unwrap();
    fs::write(
        folder.path().join("train-labels-idx1-ubyte"),
        b"\0\0\x08\x01\0\0",
    )
    .unwrap();
    fs::write(folder.path().join("t10k-images-idx4-ubyte"), "<html>").unwrap();
    let parts = [
        "train-images-idx4-ubyte: is empty",
        "train-labels-idx1-ubyte: the header",
        "t10k-images-idx4-ubyte: is an HTML page",
    ];
    says(load(folder.path()), &parts);
}
