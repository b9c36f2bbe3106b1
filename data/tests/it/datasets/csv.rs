//! CSV files.

use std::{fs, path::PathBuf};

use tapeline_data::{Holdout, Loaded};
use tempfile::TempDir;

use super::common::{call, has, load, says, write_grey};

fn table(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.csv");
    fs::write(&file, text).unwrap();
    (folder, file)
}

/// Ten images of 2x2 pixels with the labels 0 and 1.
fn digits() -> String {
    let line = |i: usize| format!("{},{i},{},0,255\n", i % 2, i + 1);
    "label,pixel0,pixel1,pixel2,pixel3\n".to_string() + &(0..10).map(line).collect::<String>()
}

#[test]
fn the_digits_of_kaggle_are_read() {
    let (_folder, file) = table(&digits());
    let Loaded {
        train, test, notes, ..
    } = load(&file).unwrap();
    has(&notes, "read as `csv`: a CSV file");
    has(&notes, "no test data: 2 of 10 images are split off");
    assert_eq!((train.shape(), train.len(), test.len()), ([1, 2, 2], 8, 2));
    assert_eq!(
        test.labels
            .iter()
            .map(|&label| u32::from(label))
            .sum::<u32>(),
        1
    );
    assert_eq!(train.classes[..], ["0", "1"]);
    // The same images are split off as from the loaded data.
    let (folder, all) = table(&(digits() + "1,9,9,9,9\n"));
    let whole = load(call("csv", &all, ", test=0.000001")).unwrap();
    assert_eq!(whole.train.len() + whole.test.len(), 11);
    drop(folder);
    let image = |i: usize| [i as u8, i as u8 + 1, 0, 255];
    let mut found: Vec<_> = (0..8).map(|i| train.images.pixels(i).to_vec()).collect();
    found.extend((0..2).map(|i| test.images.pixels(i).to_vec()));
    found.sort_unstable();
    assert_eq!(
        found,
        (0..10).map(|i| image(i).to_vec()).collect::<Vec<_>>()
    );
}

#[test]
fn the_split_is_that_of_a_dataset() {
    let split: String = digits()
        .lines()
        .enumerate()
        .map(|(i, line)| format!("{line},{}\n", if i == 0 { "split" } else { "train" }))
        .collect();
    let (_a, with) = table(&(split + "0,0,0,0,0,test\n"));
    let (_b, without) = table(&digits());
    let all = load(&with).unwrap().train;
    let loaded = load(call("csv", &without, ", test=0.3, seed=5")).unwrap();
    let (train, test) = all.split(Holdout::Fraction(0.3), 5).unwrap();
    assert!(loaded.train == train && loaded.test == test);
}

#[test]
fn words_are_class_names_sorted_by_bytes() {
    let (folder, file) =
        table("kind,a,split\nbee,1,train\nAnt,2,train\nbee,3.0, TEST \nant,4,val\n");
    let loaded = load(call("csv", &file, ", label=\"kind\"")).unwrap();
    assert_eq!(loaded.train.classes[..], ["Ant", "ant", "bee"]);
    assert_eq!(loaded.train.labels[..], [2, 0]);
    assert_eq!(loaded.test.images.bytes(), [3]);
    assert_eq!(loaded.val.unwrap().labels[..], [1]);
    drop(folder);
    let (folder, file) = table(&digits());
    fs::write(folder.path().join("classes.txt"), "even\nodd\n").unwrap();
    assert_eq!(load(&file).unwrap().train.classes[..], ["even", "odd"]);
}

#[test]
fn colours_need_an_order() {
    let pixels = (0..12).map(|i| format!(",p{i}")).collect::<String>();
    let line = |label| {
        format!(
            "{label}{}\n",
            (0..12).map(|i| format!(",{i}")).collect::<String>()
        )
    };
    let (_folder, file) = table(&format!("label{pixels}\n{}{}", line(0), line(1)));
    says(
        load(&file),
        &[
            "the order of the 12 pixel columns",
            "layout=hwc",
            "layout=chw",
        ],
    );
    let read = |rest| load(call("csv", &file, rest)).unwrap().train;
    let last = read(", layout=hwc, test=0.5");
    assert_eq!(
        (last.shape(), last.images.pixels(0)),
        ([3, 2, 2], &[0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11][..])
    );
    let first = read(", layout=chw, test=0.5");
    assert!(first.images.pixels(0).iter().copied().eq(0..12));
    assert_eq!(read(", size=(3, 4), test=0.5").shape(), [1, 3, 4]);
    says(
        load(call("csv", &file, ", size=5")),
        &["12 pixel columns are no image", "help: give rows"],
    );
    says(
        load(call("csv", &file, ", channels=1")),
        &["12 pixel columns are no image"],
    );
}

#[test]
fn pictures_are_found_from_the_folder_of_the_table() {
    let (folder, file) = table("file,label\nsub/a.png,x\nsub/b.png,y\nsub/a.png,x\nsub/b.png,y\n");
    write_grey(folder.path().join("sub/a.png"), 7);
    write_grey(folder.path().join("sub/b.png"), 9);
    let loaded = load(call("csv", &file, ", image=\"file\", test=0.5")).unwrap();
    assert_eq!(
        (loaded.train.shape(), loaded.train.len(), loaded.test.len()),
        ([1, 3, 4], 2, 2)
    );
    assert_eq!(loaded.train.images.pixels(1), [9; 12]);
    has(
        &loaded.warnings,
        "the same picture is in training and test data",
    );
    fs::remove_file(folder.path().join("sub/a.png")).unwrap();
    fs::write(folder.path().join("sub/b.png"), "text").unwrap();
    says(
        load(call("csv", &file, ", image=\"file\", test=0.5")),
        &["sub/a.png: cannot open", "sub/b.png: is a text"],
    );
}

#[test]
fn faults_are_shown_with_their_line() {
    for (text, parts) in [
        (
            "a,b\n1,2\n",
            &[
                "has no column `label`; its columns are `a`, `b`",
                "help: name the column",
            ][..],
        ),
        ("label,pixel0\n", &["table.csv: holds no images"]),
        (
            "label,pixel0\n1,2,3\n",
            &["line 2: found 3 fields, wanted 2"],
        ),
        (
            "label,pixel0\n1,2\n0,256\n",
            &["line 3: column `pixel0` is `256`", "0 to 255"],
        ),
        (
            "label,pixel0\n1,2\n0,nan\n",
            &["line 3: column `pixel0` is `nan`"],
        ),
        (
            "label,pixel0\n1,2\n0,1.5\n",
            &["line 3: column `pixel0` is `1.5`"],
        ),
        (
            "label,pixel0\n1,2\n0,\n",
            &["line 3: column `pixel0` is ``"],
        ),
        (
            "label,pixel0\n1,2\n0.5,1\n",
            &["label `0.5` at position 1", "a whole number"],
        ),
        ("label,pixel0\n1,2\n-1,1\n", &["label `-1` at position 1"]),
        ("label,pixel0\n1,2\n256,1\n", &["label `256` at position 1"]),
        ("label,pixel0\na,2\n,1\n", &["the name of class 0 is empty"]),
        (
            "label,pixel0,split\na,2,holdout\n",
            &["line 2: column `split` is `holdout`", "train, val or test"],
        ),
        ("label,pixel0,split\na,2,test\n", &["holds no images"]),
        ("label,pixel0\na,2\n", &["cannot be held out"]),
        ("label\na\nb\n", &["0 pixel columns"]),
        ("\u{1f}\u{8b}", &["table.csv"]),
    ] {
        let (_folder, file) = table(text);
        says(load(call("csv", &file, "")), parts);
    }
    let (_folder, file) = table("label,pixel0\na,2\n");
    says(
        load(call("csv", &file, ", image=\"file\"")),
        &["has no column `file`", "`image=\"…\"`"],
    );
    fs::write(&file, b"label,\xff\na,\xfe\nb,1\n").unwrap();
    says(load(&file), &["table.csv: line 2"]);
    fs::write(&file, b"\x1f\x8b\x08\0\0\0\0\0\0").unwrap();
    says(
        load(call("csv", &file, "")),
        &["is a gzip file, wanted a CSV file; unpack it"],
    );
}
