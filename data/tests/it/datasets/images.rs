//! Picture files in class subfolders.

use std::{fs, path::Path, sync::Mutex};

use tapeline_data::{DataSource, LoadOptions, datasets};

use super::common::{call, has, load, says, write_grey, write_png};

/// Writes `count` pictures in each of the classes; their values continue from `first`.
fn write_classes(folder: &Path, classes: &[&str], count: u8, first: u8) {
    for (class, start) in classes.iter().zip((first..).step_by(count.into())) {
        for i in 0..count {
            write_grey(folder.join(class).join(format!("{i}.png")), start + i);
        }
    }
}

#[test]
fn classes_are_the_subfolders_sorted_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["b", "Z", "ä", "a"], 5, 0);
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.classes[..], ["Z", "a", "b", "ä"]);
    assert_eq!((loaded.train.len(), loaded.test.len()), (16, 4));
    assert_eq!(loaded.test.labels[..], [0, 1, 2, 3]);
    assert!(loaded.train.labels.is_sorted());
    has(&loaded.notes, "no test data: 4 of 20 images are split off");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    // Files are sorted, too, also those in folders below.
    write_grey(folder.path().join("Z/0.d/x.png"), 100);
    let again = load(call("images", folder.path(), ", test=0.01")).unwrap();
    let values: Vec<u8> = (0..5).map(|i| again.train.images.pixels(i)[0]).collect();
    assert!(again.train.len() == 20 && values.contains(&100));
}

#[test]
fn parts_may_have_folders() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(&folder.path().join("train"), &["a", "b"], 3, 0);
    write_classes(&folder.path().join("valid"), &["a"], 2, 20);
    write_classes(&folder.path().join("test"), &["b", "c"], 1, 40);
    fs::create_dir(folder.path().join("raw")).unwrap();
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.classes[..], ["a", "b", "c"]);
    assert_eq!(loaded.train.labels[..], [0, 0, 0, 1, 1, 1]);
    assert_eq!(loaded.val.unwrap().labels[..], [0, 0]);
    assert_eq!(loaded.test.labels[..], [1, 2]);
    has(&loaded.notes, "labels that no training image has: c");
    has(&loaded.notes, "not read: the folder `raw`");
}

#[test]
fn train_may_be_a_class() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["train", "car", "bus"], 3, 0);
    assert_eq!(
        load(folder.path()).unwrap().train.classes[..],
        ["bus", "car", "train"]
    );
}

#[test]
fn a_file_may_give_the_order_of_classes() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["2", "10"], 5, 0);
    fs::write(folder.path().join("classes.txt"), "2\n10\n").unwrap();
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.classes[..], ["2", "10"]);
    assert_eq!(loaded.train.images.pixels(0)[0] / 5, 0);
    fs::write(folder.path().join("classes.txt"), "2\n").unwrap();
    says(
        load(folder.path()),
        &["classes.txt: lacks the class folders `10`"],
    );
}

#[test]
fn what_is_not_read_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["a", "b"], 5, 0);
    for name in [
        "a/.hidden.png",
        "b/notes.txt",
        "b/table.csv",
        ".DS_Store",
        "README",
    ] {
        fs::write(folder.path().join(name), "text").unwrap();
    }
    write_grey(folder.path().join(".git/x.png"), 0);
    write_grey(folder.path().join("outside.png"), 0);
    let notes = load(folder.path()).unwrap().notes;
    has(
        &notes,
        "not read: hidden files or folders (3), files that are not pictures (3), pictures outside of the class folders (1)",
    );
}

/// A picture is recognised by its name or by its first bytes.
#[test]
fn a_picture_needs_no_ending() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["a", "b"], 5, 0);
    fs::rename(folder.path().join("a/3.png"), folder.path().join("a/3")).unwrap();
    let loaded = load(folder.path()).unwrap();
    assert_eq!(loaded.train.len() + loaded.test.len(), 10);
}

#[test]
fn all_damaged_pictures_are_named_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["a", "b"], 8, 0);
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a/empty.jpg"), "").unwrap();
    fs::write(path("a/page.png"), "<html>").unwrap();
    let mut cut = fs::read(path("b/0.png")).unwrap();
    cut.truncate(40);
    fs::write(path("b/cut.PNG"), cut).unwrap();
    fs::write(path("b/scan.tif"), b"II*\0").unwrap();
    let parts = [
        "a/empty.jpg: is empty, wanted a picture",
        "a/page.png: is an HTML page, wanted a PNG",
        "b/cut.PNG: is damaged: the file is truncated",
        "b/scan.tif: is a TIFF picture",
    ];
    says(load(folder.path()), &parts);
    let loaded = load(call("images", folder.path(), ", skip_damaged=true")).unwrap();
    assert_eq!(loaded.train.len() + loaded.test.len(), 16);
    has(
        &loaded.warnings,
        "skipped pictures that can't be read: 4; the first: ",
    );
    assert!(loaded.train.labels.contains(&0) && loaded.train.labels.contains(&1));
}

#[test]
fn a_picture_in_two_parts_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(&folder.path().join("train"), &["a", "b"], 3, 0);
    write_classes(&folder.path().join("test"), &["a", "b"], 3, 3);
    let warnings = load(folder.path()).unwrap().warnings;
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    for part in [
        "the same picture is in training and test data: ",
        "train/b/0.png and ",
        "test/a/0.png (2 more)",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    let source = DataSource::find(folder.path(), &datasets()).unwrap();
    let reports = source.verify(&LoadOptions::default()).unwrap();
    let found: Vec<_> = reports
        .iter()
        .map(|report| (report.count, report.ok))
        .collect();
    assert_eq!(
        (found, &reports[0].warnings),
        (vec![(6, true), (6, true)], &warnings)
    );
}

#[test]
fn sizes_and_channels_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["a", "b"], 5, 0);
    let shape = |rest: &str| {
        load(call("images", folder.path(), rest))
            .unwrap()
            .train
            .shape()
    };
    assert_eq!(shape(""), [1, 3, 4]);
    assert_eq!(shape(", channels=3"), [3, 3, 4]);
    assert_eq!(shape(", size=5"), [1, 5, 5]);
    assert_eq!(shape(", size=(2, 7), channels=3, fit=crop"), [3, 2, 7]);
    write_png(&folder.path().join("a/colour.png"), &[9; 36], [3, 3, 4]);
    assert_eq!(shape(""), [3, 3, 4]);
    write_png(&folder.path().join("b/wide.png"), &[9; 12], [1, 2, 6]);
    let loaded = load(folder.path()).unwrap();
    has(
        &loaded.notes,
        "pictures differ in size: they are resized to 32x32; choose another size with `size`",
    );
    assert_eq!(loaded.train.shape(), [3, 32, 32]);
    says(
        load(call("images", folder.path(), ", channels=2")),
        &["`channels` is 2"],
    );
}

#[test]
fn progress_counts_all_files() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(&folder.path().join("train"), &["a", "b"], 40, 0);
    write_classes(&folder.path().join("test"), &["a", "b"], 2, 80);
    let seen = Mutex::new(Vec::new());
    let options = LoadOptions {
        progress: Some(&|done, all| seen.lock().unwrap().push((done, all))),
        ..LoadOptions::default()
    };
    DataSource::find(folder.path(), &datasets())
        .unwrap()
        .load(&options)
        .unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert!(seen.into_iter().eq((1..=84).map(|done| (done, 84))));
}

#[test]
fn folders_without_classes_or_pictures_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..3 {
        write_grey(folder.path().join(format!("{i}.png")), i);
    }
    let text = call("images", folder.path(), "");
    says(
        load(&text),
        &[
            "holds 3 pictures, but no subfolders",
            "help: put the pictures of each class",
        ],
    );
    write_classes(folder.path(), &["a"], 5, 0);
    has(
        &load(&text).unwrap().warnings,
        "all pictures are of one class, `a`",
    );
    fs::create_dir_all(folder.path().join("empty/.hidden")).unwrap();
    fs::create_dir(folder.path().join("void")).unwrap();
    says(
        load(&text),
        &[
            "empty: holds no pictures",
            "void: holds no pictures",
            "help: remove the folder",
        ],
    );
}

#[test]
fn an_absurd_size_is_refused_before_it_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(folder.path(), &["a", "b"], 5, 0);
    let file = folder.path().join("a/bomb.png");
    let mut png = fs::read(folder.path().join("a/0.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    fs::write(&file, png).unwrap();
    says(
        load(folder.path()),
        &["bomb.png: is too large, wanted at most 8192x8192"],
    );
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt, fs::PermissionsExt, fs::symlink},
    };

    use super::*;

    #[test]
    fn a_link_in_a_circle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write_classes(folder.path(), &["a", "b"], 5, 0);
        symlink("..", folder.path().join("a/0.d")).unwrap();
        symlink("../b", folder.path().join("b/self")).unwrap();
        symlink(folder.path().join("a"), folder.path().join("c")).unwrap();
        let parts = [
            "a/0.d: is a link to a folder that contains it",
            "b/self: is a link",
            "help: remove the link",
        ];
        says(load(call("images", folder.path(), "")), &parts);
        assert!(load(folder.path()).is_err());
    }

    #[test]
    fn names_need_not_be_utf8_but_classes_do() {
        let folder = tempfile::tempdir().unwrap();
        write_classes(folder.path(), &["a", "b"], 5, 0);
        let odd = folder
            .path()
            .join("a")
            .join(OsStr::from_bytes(b"\xff\xfe.png"));
        fs::rename(folder.path().join("a/0.png"), odd).unwrap();
        let loaded = load(folder.path()).unwrap();
        assert_eq!(loaded.train.len() + loaded.test.len(), 10);
        fs::create_dir(folder.path().join(OsStr::from_bytes(b"\xe8"))).unwrap();
        says(
            load(folder.path()),
            &["the name of this class is not UTF-8"],
        );
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write_classes(folder.path(), &["a", "b"], 5, 0);
        symlink("nowhere", folder.path().join("a/dangling.png")).unwrap();
        symlink("/dev/null", folder.path().join("b/device.png")).unwrap();
        says(
            load(folder.path()),
            &[
                "a/dangling.png: cannot open",
                "b/device.png: cannot open: it is a device",
            ],
        );
        for name in ["a/dangling.png", "b/device.png"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        let locked = folder.path().join("a/0.png");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser can read the file anyway.
        if fs::File::open(&locked).is_err() {
            says(load(folder.path()), &["a/0.png: cannot open"]);
        }
    }
}
