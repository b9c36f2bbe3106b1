//! Known faults of IDX readers, each as a small input with the correct result.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tapeline_data::{
    DataError, Dataset, Holdout, Images, Normalisation, batches, datasets, in_order, load,
    read_images, read_images_from, read_labels, read_labels_from, verify, write_images,
    write_labels,
};
use tempfile::TempDir;

/// Three images of 2×2 pixels, with values 0 to 11.
const GOOD_IMAGES: &str = "00000803000000030000000200000002000102030405060708090a0b";
/// Labels 0, 1, 2.
const GOOD_LABELS: &str = "0000080100000003000102";

/// The note about a folder whose kind wasn't given.
const RECOGNISED: &str = "read as `idx`: IDX files";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn ten() -> Vec<String> {
    (0..10).map(|i| i.to_string()).collect()
}

/// Asserts that the message of the error contains all of these parts.
fn says<T>(result: Result<T, DataError>, parts: &[&str]) {
    let text = result.err().expect("an error").to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

/// Creates a folder with these files.
fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn good_folder() -> TempDir {
    folder(&[
        ("train-images-idx3-ubyte", bytes(GOOD_IMAGES)),
        ("train-labels-idx1-ubyte", bytes(GOOD_LABELS)),
        ("t10k-images-idx3-ubyte", bytes(GOOD_IMAGES)),
        ("t10k-labels-idx1-ubyte", bytes(GOOD_LABELS)),
    ])
}

#[test]
fn d01_good_files_are_read() {
    let images = read_images_from(&bytes(GOOD_IMAGES), "good").unwrap();
    assert_eq!((images.count(), images.shape()), (3, [1, 2, 2]));
    assert_eq!(images.pixels(1), [4, 5, 6, 7]);
    assert_eq!(images.view()[[1, 0, 1, 0]], 6);
    assert_eq!(
        read_labels_from(&bytes(GOOD_LABELS), "good").unwrap(),
        [0, 1, 2]
    );
}

#[test]
fn d01_wrong_kinds_are_refused() {
    says(
        read_images_from(&bytes(GOOD_LABELS), "labels-as-images"),
        &["labels-as-images", "0x00000801", "0x00000803"],
    );
    says(
        read_labels_from(&bytes(GOOD_IMAGES), "images"),
        &["images", "0x00000803", "wanted 0x00000801"],
    );
    let floats = bytes("00000d030000000100000001000000023f8000003f000000");
    says(
        read_images_from(&floats, "floats"),
        &["floats", "0x0d (float32)", "wanted 0x08"],
    );
}

#[test]
fn d03_counts_must_agree() {
    let images = read_images_from(&bytes(GOOD_IMAGES), "images").unwrap();
    let two = read_labels_from(&bytes("00000801000000020001"), "two").unwrap();
    says(Dataset::new(images, two, ten()), &["3 images but 2 labels"]);
    says(
        read_labels_from(&bytes("00000801000000030001"), "short"),
        &["short", "wanted 3 bytes after the header, found 2"],
    );
    let extra = [bytes(GOOD_IMAGES), vec![0xff, 0xff]].concat();
    says(
        read_images_from(&extra, "extra"),
        &["wanted 12 bytes after the header, found 14"],
    );
    says(
        read_images_from(&gzip(&extra), "extra.gz"),
        &["wanted 12 bytes after the header, found more"],
    );
}

#[test]
fn d03_counts_must_agree_in_a_folder() {
    let folder = good_folder();
    fs::write(
        folder.path().join("t10k-labels-idx1-ubyte"),
        bytes("00000801000000020001"),
    )
    .unwrap();
    says(
        load(folder.path()),
        &["t10k-labels-idx1-ubyte", "3 images but 2 labels"],
    );
    let reports = verify(folder.path()).unwrap();
    assert_eq!(
        reports.iter().map(|r| r.ok).collect::<Vec<_>>(),
        [true, true, true, false]
    );
}

#[test]
fn d04_all_gzip_members_are_read() {
    let two = bytes(concat!(
        "1f8b08000000000002036360e06066606000612630666462060022201f0814000000",
        "1f8b080000000000020363616563e7e0e4e206005be3717008000000"
    ));
    let images = read_images_from(&two, "two-members").unwrap();
    assert_eq!(images.bytes(), (0..12).collect::<Vec<u8>>());
}

#[test]
fn d06_failed_downloads_are_refused() {
    says(read_images_from(&[], "nothing"), &["nothing", "empty"]);
    let html = b"<!DOCTYPE html><html><head><title>Moved</title></head></html>\n";
    says(
        read_images_from(html, "page"),
        &[
            "page",
            "is an HTML page, wanted an IDX file",
            "fetch the file again",
        ],
    );
    says(
        read_images_from(&bytes("0000080300000003"), "cut"),
        &["cut", "header is truncated", "wanted 16", "found 8"],
    );
    says(
        read_labels_from(&[0, 0], "two bytes"),
        &["header is truncated", "wanted 8", "found 2"],
    );
}

#[test]
fn d08_transposition_moves_pixels() {
    let images = read_images_from(
        &bytes("00000803000000010000000200000003010203040506"),
        "emnist",
    )
    .unwrap();
    assert_eq!(images.bytes(), [1, 2, 3, 4, 5, 6]);
    let turned = images.transposed();
    assert_eq!(
        (turned.shape(), turned.bytes()),
        ([1, 3, 2], &[1, 4, 2, 5, 3, 6][..])
    );
    assert_eq!(turned.transposed(), images);
}

#[test]
fn d10_labels_outside_the_classes_are_refused() {
    let images = read_images_from(&bytes(GOOD_IMAGES), "images").unwrap();
    for (label, hex) in [
        (11, "0000080100000003000b02"),
        (255, "000008010000000300ff02"),
    ] {
        let labels = read_labels_from(&bytes(hex), "labels").unwrap();
        let wanted = format!("label {label} at position 1, classes 0..9");
        says(
            Dataset::new(images.clone(), labels.clone(), ten()),
            &[&wanted],
        );
    }
}

/// Training and test data share the classes of both: three training labels, three test labels, the
/// number of classes, and the expected note.
#[test]
fn d10_classes_are_those_of_all_labels() {
    let cases = [
        ([0, 1, 0], [1, 0, 0], 2, None),
        ([0, 0, 0], [0, 0, 0], 1, None),
        (
            [0, 1, 2],
            [1, 6, 4],
            7,
            Some("t10k-labels-idx1-ubyte: labels that no training image has: 4, 6"),
        ),
        (
            [1, 2, 3],
            [3, 2, 1],
            4,
            Some("train-labels-idx1-ubyte: labels begin at 1"),
        ),
        ([0, 11, 2], [11, 0, 0], 12, Some("12 classes")),
    ];
    for (train, test, classes, note) in cases {
        let folder = good_folder();
        for (part, labels) in [("train", train), ("t10k", test)] {
            let header = [0, 0, 8, 1, 0, 0, 0, 3];
            let file = folder.path().join(format!("{part}-labels-idx1-ubyte"));
            fs::write(file, [&header[..], &labels].concat()).unwrap();
        }
        let loaded = load(folder.path()).unwrap();
        let found = [&loaded.train, &loaded.test].map(|data| data.classes.len());
        assert_eq!(found, [classes; 2], "{train:?} {test:?}");
        match note {
            Some(note) => assert!(
                loaded.notes.iter().any(|n| n.contains(note)),
                "{:?}",
                loaded.notes
            ),
            None => assert_eq!(loaded.notes, [RECOGNISED]),
        }
        // A subset of the images has the same classes.
        assert_eq!(loaded.train.limit(1).classes.len(), classes);
    }
}

#[test]
fn d10_more_classes_in_training_labels_are_noted() {
    let folder = good_folder();
    fs::write(
        folder.path().join("train-labels-idx1-ubyte"),
        bytes("0000080100000003000b02"),
    )
    .unwrap();
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.classes.len(), 12);
    assert_eq!(loaded.test.classes.len(), 12);
    assert!(
        loaded.notes.iter().any(|note| note.contains("12 classes")),
        "{:?}",
        loaded.notes
    );
}

#[test]
fn d13_the_last_batch_is_kept() {
    for size in [10, 1000] {
        for plan in [batches(101, size, 0, 0), in_order(101, size)] {
            assert_eq!(plan.chunks().map(<[usize]>::len).sum::<usize>(), 101);
            assert_eq!(plan.chunks().len(), 101usize.div_ceil(size));
        }
    }
}

#[test]
fn d14_both_namings_are_found() {
    for (dot, gz) in [(false, false), (false, true), (true, false), (true, true)] {
        let name = |stem: &str, ending: &str| {
            format!(
                "{stem}{}{ending}{}",
                if dot { '.' } else { '-' },
                if gz { ".gz" } else { "" }
            )
        };
        let folder = tempfile::tempdir().unwrap();
        let images = read_images_from(&bytes(GOOD_IMAGES), "good").unwrap();
        for stem in ["train", "t10k"] {
            write_images(
                folder
                    .path()
                    .join(name(&format!("{stem}-images"), "idx3-ubyte")),
                &images,
            )
            .unwrap();
            write_labels(
                folder
                    .path()
                    .join(name(&format!("{stem}-labels"), "idx1-ubyte")),
                &[0, 1, 2],
            )
            .unwrap();
        }
        let loaded = load(folder.path()).unwrap();
        assert_eq!(
            (&loaded.train.images, &loaded.test.images),
            (&images, &images)
        );
        assert_eq!(loaded.train.labels[..], [0, 1, 2]);
        assert_eq!(loaded.notes, [RECOGNISED]);
    }
}

#[test]
fn d14_raw_goes_before_gzip_and_is_noted() {
    let folder = good_folder();
    let other = bytes("00000803000000030000000200000002ffffffffffffffffffffffff");
    fs::write(
        folder.path().join("train-images-idx3-ubyte.gz"),
        gzip(&other),
    )
    .unwrap();
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.images.pixels(0), [0, 1, 2, 3]);
    let [_, note] = &loaded.notes[..] else {
        panic!("{:?}", loaded.notes)
    };
    assert!(
        note.contains("train-images-idx3-ubyte is read, not train-images-idx3-ubyte.gz"),
        "{note}"
    );
}

#[test]
fn d14_a_missing_file_is_described() {
    let folder = good_folder();
    fs::rename(
        folder.path().join("t10k-labels-idx1-ubyte"),
        folder.path().join("labels.txt"),
    )
    .unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    says(
        load(folder.path()),
        &[
            &path,
            "no test labels",
            "t10k-labels-idx1-ubyte, t10k-labels.idx1-ubyte",
            "holds labels.txt, t10k-images",
        ],
    );
}

#[test]
fn unknown_names_get_a_suggestion() {
    says(
        load("mnits"),
        &["mnits", "did you mean `mnist`?", "fashion_mnist, idx, "],
    );
    says(load("Fashion"), &["did you mean `fashion_mnist`?"]);
    says(
        load("no/such/folder"),
        &["no/such/folder", "known names: cifar10, cifar100, "],
    );
    assert!(
        !load("no/such/folder")
            .unwrap_err()
            .to_string()
            .contains("did you mean")
    );
}

#[test]
fn known_names_load_where_they_say_so() {
    let all = datasets();
    for data in all.iter().filter(|data| data.args.is_empty()) {
        let loaded = load(data.name);
        let is_there = (data.available)();
        assert_eq!(loaded.is_ok(), is_there, "{}: {loaded:?}", data.name);
        match loaded {
            Ok(loaded) => assert_eq!((loaded.train.len(), loaded.test.len()), (60_000, 10_000)),
            Err(error) => assert!(
                error.to_string().contains("give the path of a folder"),
                "{error}"
            ),
        }
    }
}

#[test]
fn a_folder_named_as_a_known_set_has_its_class_names() {
    let good = good_folder();
    let named = good.path().join("fashion-mnist");
    fs::create_dir(&named).unwrap();
    for entry in fs::read_dir(good.path())
        .unwrap()
        .map(Result::unwrap)
        .filter(|e| e.path().is_file())
    {
        fs::copy(entry.path(), named.join(entry.file_name())).unwrap();
    }
    assert_eq!(load(&named).unwrap().train.classes[9], "Ankle boot");
    assert_eq!(
        load(good.path()).unwrap().train.classes[..],
        ["0", "1", "2"]
    );
}

#[test]
fn folders_and_files_are_told_apart() {
    let folder = good_folder();
    says(
        read_images(folder.path()),
        &[
            &folder.path().to_string_lossy(),
            "is a folder, wanted a file",
        ],
    );
    let file = folder.path().join("train-images-idx3-ubyte");
    says(
        load(&file),
        &["train-images-idx3-ubyte", "is an IDX file, wanted a folder"],
    );
    says(
        read_labels(folder.path().join("gone")),
        &["gone", "cannot open"],
    );
}

#[cfg(unix)]
#[test]
fn paths_need_not_be_utf8() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let good = good_folder();
    let odd = good.path().join(OsStr::from_bytes(b"mod\xe8le"));
    fs::create_dir(&odd).unwrap();
    for entry in fs::read_dir(good.path())
        .unwrap()
        .map(Result::unwrap)
        .filter(|e| e.path().is_file())
    {
        fs::copy(entry.path(), odd.join(entry.file_name())).unwrap();
    }
    assert_eq!(load(&odd).unwrap().train.len(), 3);
    let written = odd.join(OsStr::from_bytes(b"\xff.gz"));
    write_labels(&written, &[7]).unwrap();
    assert_eq!(read_labels(&written).unwrap(), [7]);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = good_folder();
    let file = folder.path().join("t10k-images-idx3-ubyte");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser can read the file anyway.
    if fs::File::open(&file).is_err() {
        says(
            load(folder.path()),
            &["t10k-images-idx3-ubyte", "cannot open"],
        );
    }
}

#[test]
fn a_header_is_not_believed() {
    // 2³¹ images of 28×28 in the header, followed by ten bytes.
    let claim = bytes("00000803800000000000001c0000001c00010203040506070809");
    let wanted = "wanted 1683627180032 bytes after the header, found 10";
    says(read_images_from(&claim, "claim"), &[wanted]);
    says(read_images_from(&gzip(&claim), "claim.gz"), &[wanted]);
    let overflow = bytes("00000803ffffffffffffffffffffffff00");
    says(
        read_images_from(&overflow, "overflow"),
        &["overflow", "too large", "4294967295"],
    );
    let flat = bytes("00000803ffffffff000000000000001c");
    says(read_images_from(&flat, "flat"), &["0x28"]);
}

#[test]
fn empty_sets_are_read_but_not_loaded() {
    let none = bytes("00000803000000000000001c0000001c");
    assert_eq!(read_images_from(&none, "none").unwrap().count(), 0);
    for stem in ["train", "t10k"] {
        let folder = good_folder();
        let images = format!("{stem}-images-idx3-ubyte");
        fs::write(folder.path().join(&images), &none).unwrap();
        fs::write(
            folder.path().join(format!("{stem}-labels-idx1-ubyte")),
            bytes("0000080100000000"),
        )
        .unwrap();
        says(load(folder.path()), &[&images, "holds no images"]);
    }
}

#[test]
fn training_and_test_images_have_one_shape() {
    let folder = good_folder();
    let wide = bytes("00000803000000030000000100000004000102030405060708090a0b");
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), wide).unwrap();
    says(
        load(folder.path()),
        &["t10k-images-idx3-ubyte", "[1, 1, 4]", "[1, 2, 2]"],
    );
}

#[test]
fn damaged_gzip_is_refused() {
    let good = gzip(&bytes(GOOD_IMAGES));
    for end in 2..good.len() {
        says(
            read_images_from(&good[..end], "cut.gz"),
            &["cut.gz", "the gzip stream is truncated"],
        );
    }
    let mut wrong_sum = good.clone();
    wrong_sum[good.len() - 8] ^= 1;
    says(
        read_images_from(&wrong_sum, "sum.gz"),
        &["sum.gz", "checksum"],
    );
    for garbage in [
        &b"x"[..],
        b"garbage that is long enough for a header",
        &[0; 512],
    ] {
        let trailed = [&good[..], garbage].concat();
        says(
            read_images_from(&trailed, "trailed.gz"),
            &["trailed.gz", "bytes that are not gzip follow its end"],
        );
    }
    let empty_member = [gzip(b""), good, gzip(b"")].concat();
    assert_eq!(
        read_images_from(&empty_member, "empty members")
            .unwrap()
            .count(),
        3
    );
}

/// If the tail were decompressed, the damage at its end would be reported instead.
#[test]
fn a_tail_is_not_unpacked() {
    let mut bomb = gzip(&[bytes(GOOD_IMAGES), vec![0; 1 << 24]].concat());
    bomb.truncate(bomb.len() - 20);
    says(
        read_images_from(&bomb, "bomb.gz"),
        &["wanted 12 bytes after the header, found more"],
    );
}

#[test]
fn gzip_is_known_by_its_bytes() {
    let folder = folder(&[
        ("raw.gz", bytes(GOOD_IMAGES)),
        ("packed", gzip(&bytes(GOOD_IMAGES))),
    ]);
    let read = |name: &str| read_images(folder.path().join(name)).unwrap();
    assert_eq!(read("raw.gz"), read("packed"));
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    says(write_labels(&taken, &[1]), &["taken", "cannot write"]);
    says(
        write_labels(folder.path().join("no/labels"), &[1]),
        &["labels", "cannot write"],
    );
    let left: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(left, [taken]);
}

#[test]
fn an_existing_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels");
    for labels in [&[1, 2, 3][..], &[4]] {
        write_labels(&file, labels).unwrap();
        assert_eq!(read_labels(&file).unwrap(), labels);
    }
}

#[test]
fn verify_sums_the_unpacked_bytes() {
    let folder = good_folder();
    let name = folder.path().join("train-images-idx3-ubyte");
    fs::remove_file(name).unwrap();
    fs::write(
        folder.path().join("train-images-idx3-ubyte.gz"),
        gzip(&bytes(GOOD_IMAGES)),
    )
    .unwrap();
    let reports = verify(folder.path()).unwrap();
    // From `sha256sum` on the file's 28 bytes.
    let sum = "96411bb42bfce6e873d9c66df5439c0e3fc743e8411014a602e60f101da36a78";
    for report in [&reports[0], &reports[2]] {
        assert_eq!(
            (report.count, report.size, report.sha256.as_str(), report.ok),
            (3, 28, sum, true)
        );
    }
}

#[test]
fn verify_goes_on_after_a_damaged_file() {
    let folder = good_folder();
    fs::write(folder.path().join("train-images-idx3-ubyte"), b"").unwrap();
    let reports = verify(folder.path()).unwrap();
    assert_eq!(
        reports.iter().map(|r| r.ok).collect::<Vec<_>>(),
        [false, true, true, true]
    );
    assert!(
        matches!(&reports[0].problem, Some(DataError::Empty { file }) if file.starts_with(folder.path()))
    );
    assert!(Path::new(&reports[0].name).ends_with("train-images-idx3-ubyte"));
}

#[test]
fn pixels_are_scaled_when_gathered() {
    let images = Images::new(vec![0, 51, 102, 255, 10, 20, 30, 40], [2, 1, 2, 2]);
    let data = Dataset::new(images, vec![3, 4], ten()).unwrap();
    let mut out = [0.0; 8];
    data.gather(&[1, 0], Normalisation::default(), &mut out);
    for (found, wanted) in out
        .iter()
        .zip([10.0, 20.0, 30.0, 40.0, 0.0, 51.0, 102.0, 255.0])
    {
        assert!((found - wanted / 255.0f32).abs() < 1e-7);
    }
    assert_eq!((out[4], out[7]), (0.0, 1.0));
    data.gather(
        &[0],
        Normalisation {
            mean: 0.5.into(),
            std: 0.25.into(),
            ..Normalisation::default()
        },
        &mut out[..4],
    );
    for (found, wanted) in out.iter().zip([-2.0f32, -1.2, -0.4, 2.0]) {
        assert!((found - wanted).abs() < 1e-6);
    }
    assert_eq!(data.labels_of(&[1, 0, 1]), [4, 3, 4]);
}

#[test]
fn ranges_share_pixels() {
    let images = Images::new((0..20).collect(), [5, 1, 2, 2]);
    let data = Dataset::new(images, vec![0, 1, 2, 3, 4], ten()).unwrap();
    let (train, val) = (data.take(0..3), data.take(3..5));
    assert_eq!(
        (train.len(), train.images.bytes()),
        (3, &data.images.bytes()[..12])
    );
    assert_eq!(
        (&val.labels[..], val.images.pixels(1)),
        (&[3, 4][..], data.images.pixels(4))
    );
    assert_eq!(
        val.images.pixels(0).as_ptr(),
        data.images.pixels(3).as_ptr()
    );
    assert_eq!(val.take(1..2).images.pixels(0), data.images.pixels(4));
    assert_eq!(data.limit(100), data);
    assert_eq!(data.limit(3), train);
    says(data.split(Holdout::Count(5), 0), &["5 of 5 images"]);
}

#[test]
fn the_sum_sees_shape_pixels_and_labels() {
    let data = |sizes, first, label| {
        Dataset::new(Images::new(vec![first, 1, 2, 3], sizes), vec![label], ten())
            .unwrap()
            .sha256()
    };
    let sums = [
        data([1, 1, 2, 2], 0, 0),
        data([1, 1, 1, 4], 0, 0),
        data([1, 1, 2, 2], 9, 0),
        data([1, 1, 2, 2], 0, 1),
    ];
    for (i, sum) in sums.iter().enumerate() {
        assert_eq!(sum.len(), 64);
        assert!(!sums[..i].contains(sum));
    }
    assert_eq!(sums[0], data([1, 1, 2, 2], 0, 0));
}
