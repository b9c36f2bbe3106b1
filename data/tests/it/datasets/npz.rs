//! NumPy archives, written by NumPy.

use std::fs;

use tapeline_data::{DataSource, Dataset, LoadOptions, datasets};

use super::common::{bytes, call, expected, fixtures, has, load, says};

/// Asserts that a part has the images and labels that NumPy wrote.
#[track_caller]
fn is_part(data: &Dataset, part: &str) {
    let wanted = &expected()["arrays"][part];
    assert_eq!(data.shape(), [3, 4, 5]);
    assert_eq!(data.images.bytes(), bytes(&wanted["images"]));
    assert_eq!(data.labels[..], bytes(&wanted["labels"]));
}

#[test]
fn archives_of_numpy_are_read() {
    let folder = fixtures().join("npz");
    for (name, classes) in [
        ("medmnist.npz", ["0", "1", "2"]),
        ("medmnist-packed.npz", ["0", "1", "2"]),
        ("keras-float.npz", ["ant", "bee", "wörm"]),
        ("first-big-endian.npz", ["ant", "bee", "worm"]),
    ] {
        // Rows and channels are both at most 4.
        let layout = if name.starts_with("first") {
            "chw"
        } else {
            "hwc"
        };
        let file = folder.join(name);
        let text = call("npz", &file, &format!(", layout={layout}"));
        let loaded = load(text).unwrap_or_else(|error| panic!("{error}"));
        is_part(&loaded.train, "train");
        is_part(&loaded.val.unwrap(), "val");
        is_part(&loaded.test, "test");
        assert_eq!(loaded.train.classes[..], classes, "{name}");
        if name.starts_with("keras") {
            has(&loaded.notes, "multiplied by 255");
        }
    }
}

#[test]
fn archives_side_by_side_belong_together() {
    let folder = fixtures().join("kmnist");
    let by_folder = load(&folder).unwrap();
    has(&by_folder.notes, "read as `npz`");
    let by_file = load(folder.join("kmnist-train-imgs.npz")).unwrap();
    assert!(by_folder.train == by_file.train && by_folder.test == by_file.test);
    assert_eq!(
        (
            by_file.train.shape(),
            by_file.train.len(),
            by_file.test.len()
        ),
        ([1, 4, 5], 6, 4)
    );
    let wanted = &expected()["arrays"]["train"];
    assert_eq!(by_file.train.labels[..], bytes(&wanted["labels"]));
    let red: Vec<u8> = bytes(&wanted["images"])
        .chunks(60)
        .flat_map(|image| &image[..20])
        .copied()
        .collect();
    assert_eq!(by_file.train.images.bytes(), red);
}

#[test]
fn class_names_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.npz");
    fs::copy(fixtures().join("npz/medmnist.npz"), &file).unwrap();
    fs::write(folder.path().join("classes.txt"), "one\ntwo\r\nthree\n\n").unwrap();
    let text = call("npz", &file, ", layout=hwc");
    assert_eq!(
        load(text).unwrap().train.classes[..],
        ["one", "two", "three"]
    );
}

#[test]
fn what_cannot_be_read_is_explained() {
    let folder = fixtures().join("npz-bad");
    for (name, parts) in [
        (
            "fortran",
            &["x_train.npy", "Fortran order", "ascontiguousarray"][..],
        ),
        (
            "ambiguous",
            &["[6, 3, 4, 3]", "help: give the order", "layout=hwc"],
        ),
        (
            "nan",
            &[
                "x_train.npy",
                "position 0 is NaN",
                "wanted pixels from 0 to 255",
            ],
        ),
        ("negative", &["position 0 is -1"]),
        (
            "fractions",
            &["y_train.npy", "label 0.5 at position 0", "a whole number"],
        ),
        ("one-hot", &["[6, 6]", "one label for each image"]),
        ("counts", &["6 images but 4 labels"]),
        ("objects", &["x_train.npy", "type `|O`, wanted numbers"]),
        ("flat", &["[6, 60]", "[n, rows, columns]"]),
        (
            "other-names",
            &["has the arrays `kinds`, `pictures`", "x_train and y_train"],
        ),
        ("no-labels", &["has no array `y_train`; it has `x_train`"]),
    ] {
        let file = folder.join(format!("{name}.npz"));
        let layout = match name {
            "ambiguous" => "",
            _ => ", layout=hwc",
        };
        let loaded = load(call("npz", &file, layout));
        assert!(loaded.is_err(), "{name}");
        says(loaded, parts);
    }
}

/// An archive of 100 kB that holds 64 MiB of zeros, and one that claims to hold more than it does.
#[test]
fn a_large_archive_is_refused_before_it_is_read() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb.npz");
    let write = |claimed: usize| {
        let mut zip = zip::ZipWriter::new(fs::File::create(&file).unwrap());
        for (name, size) in [
            ("x_train", format!("({claimed}, 1024, 1024)")),
            ("y_train", "(64,)".into()),
        ] {
            zip.start_file(
                format!("{name}.npy"),
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
            let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {size}, }}");
            zip.write_all(b"\x93NUMPY\x01\0").unwrap();
            zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
            zip.write_all(header.as_bytes()).unwrap();
            let zeros = if name == "x_train" { 64 << 20 } else { 64 };
            zip.write_all(&vec![0; zeros]).unwrap();
        }
        zip.finish().unwrap();
    };
    write(64);
    assert!(fs::metadata(&file).unwrap().len() < 100_000);
    let source = DataSource::find(&file, &datasets()).unwrap();
    let options = LoadOptions {
        max_memory: Some(1 << 20),
        ..LoadOptions::default()
    };
    says(
        source.load(&options),
        &[
            "x_train.npy: 67108864 bytes of pixels exceed",
            "limit of 1048576",
        ],
    );
    assert_eq!(
        source.load(&LoadOptions::default()).unwrap().train.len(),
        51
    );
    write(1 << 40);
    says(
        source.load(&LoadOptions::default()),
        &["x_train.npy", "is truncated"],
    );
    says(source.load(&options), &["x_train.npy", "exceed"]);
    write(1 << 60);
    says(
        source.load(&LoadOptions::default()),
        &["x_train.npy", "too large"],
    );
}

/// A cut archive has no central directory; a changed byte of data has another checksum.
#[test]
fn damaged_archives_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.npz");
    let text = call("npz", &file, ", layout=hwc");
    for name in ["medmnist.npz", "medmnist-packed.npz"] {
        let whole = fs::read(fixtures().join("npz").join(name)).unwrap();
        for length in (0..whole.len()).step_by(7) {
            fs::write(&file, &whole[..length]).unwrap();
            says(load(&text), &["damaged.npz"]);
        }
        for place in (0..whole.len()).step_by(3) {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            fs::write(&file, &changed).unwrap();
            if let Err(error) = load(&text) {
                assert!(error.to_string().contains("damaged.npz"), "{error}");
            }
        }
    }
}
