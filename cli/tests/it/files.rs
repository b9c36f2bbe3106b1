//! Bad data and model files: the right exit code, a message that names the file, nothing half-written.

use std::fs;

use crate::common::{Bench, Ran, fixture};

/// A data set of three 2x2 images in which one file is replaced.
fn with(bench: &Bench, role: &str, file: &[u8]) {
    let folder = bench.path("bad");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    for part in ["train", "t10k"] {
        fs::copy(
            fixture("good-images-idx3"),
            folder.join(format!("{part}-images-idx3-ubyte")),
        )
        .unwrap();
        fs::copy(
            fixture("good-labels-idx1"),
            folder.join(format!("{part}-labels-idx1-ubyte")),
        )
        .unwrap();
    }
    fs::write(folder.join(role), file).unwrap();
}

#[test]
fn bad_data_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let images = "train-images-idx3-ubyte";
    let labels = "train-labels-idx1-ubyte";
    let cases = [
        (
            images,
            "labels-as-images",
            &["0x00000801", "0x00000803"][..],
        ),
        (images, "images-float-type", &["0x0d", "float32"]),
        (images, "images-extra-bytes", &["wanted 12 bytes", "14"]),
        (images, "images-empty", &["empty"]),
        (images, "images-html", &["0x3c21444f"]),
        (images, "images-header-only-8", &["truncated"]),
        (labels, "labels-two-for-three", &["3 images", "2 labels"]),
        (
            labels,
            "labels-header-says-3-has-2",
            &["wanted 3", "found 2"],
        ),
        (
            "t10k-labels-idx1-ubyte",
            "labels-two-for-three",
            &["3 images", "2 labels"],
        ),
    ];
    for (role, file, parts) in cases {
        with(&bench, role, &fs::read(fixture(file)).unwrap());
        let args = ["train", "flatten linear(3)", "--data", "bad", "--out", "a"];
        bench
            .run(&args)
            .failed(3, &[&["bad", role], parts].concat());
        assert!(!bench.path("a").exists(), "{file}");
    }
    for (file, label) in [
        ("labels-with-11", "label 11 at position 1"),
        ("labels-255", "label 255 at position 1"),
    ] {
        with(&bench, labels, &fs::read(fixture(file)).unwrap());
        bench
            .run(&["train", "flatten linear(10)", "--data", "bad", "--out", "a"])
            .failed(3, &["bad", label, "classes 0..9"]);
    }
    bench
        .run(&["train", "--data", "nowhere"])
        .failed(3, &["nowhere", "mnist"]);
    fs::remove_file(bench.path("bad").join(images)).unwrap();
    bench.run(&["train", "--data", "bad"]).failed(
        3,
        &["bad", "train-images.idx3-ubyte", "t10k-images-idx3-ubyte"],
    );
}

#[test]
fn a_gzip_file_of_two_members_is_read_to_its_end() {
    let bench = Bench::new();
    with(
        &bench,
        "train-images-idx3-ubyte",
        &fs::read(fixture("images-two-members.gz")).unwrap(),
    );
    let args = [
        "train",
        "flatten linear(3)",
        "--data",
        "bad",
        "--epochs",
        "1",
        "--json",
    ];
    let ran = bench.run(&args).succeeded();
    assert_eq!(ran.json()[0]["train_samples"], 3);
}

#[test]
fn bad_model_files_are_refused() {
    let bench = Bench::new();
    let deep = [
        &10_008_u64.to_le_bytes()[..],
        b"{\"a\":",
        &[b'['; 5000],
        &[b']'; 5000],
        b"} ",
    ]
    .concat();
    fs::write(bench.path("deep.safetensors"), deep).unwrap();
    let names = [
        "header-len-max",
        "header-len-1TB",
        "header-not-json",
        "short-7-bytes",
        "metadata-not-strings",
        "metadata-as-tensor",
        "missing-and-extra",
    ];
    for name in names {
        fs::copy(
            fixture(&format!("{name}.safetensors")),
            bench.path(&format!("{name}.safetensors")),
        )
        .unwrap();
    }
    for name in names.iter().chain(&["deep"]) {
        let file = format!("{name}.safetensors");
        bench
            .run(&["eval", &format!("@{file}"), "--data", "data"])
            .failed(4, &[&file]);
        bench
            .run(&[
                "train",
                "flatten linear(3)",
                "--weights",
                &file,
                "--data",
                "data",
                "--out",
                "a",
            ])
            .failed(4, &[&file]);
        assert!(!bench.path("a").exists());
    }
    let ran = bench.run(&[
        "eval",
        "flatten linear(3)",
        "--weights",
        "missing-and-extra.safetensors",
        "--data",
        "data",
    ]);
    ran.failed(4, &["`1.weight`", "`1.bias`", "`layer0.weigth`"]);
}

#[test]
fn a_model_and_data_of_different_shape_are_refused() {
    let bench = Bench::new();
    bench.train("a", &[]);
    bench.data("large", 8, 6, 6);
    bench
        .run(&["eval", "@a", "--data", "large"])
        .failed(3, &["1x8x8", "1x6x6"]);
    let ran = bench.run(&[
        "eval",
        "flatten linear(3)",
        "--weights",
        "a/model.safetensors",
        "--data",
        "large",
    ]);
    ran.failed(4, &["1.weight", "[3, 36]", "[3, 64]"]);
}

#[cfg(unix)]
#[test]
fn a_spec_is_text() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let bench = Bench::new();
    let mut command = bench.command(&["summary"]);
    command.arg(OsStr::from_bytes(b"odd\xff"));
    Ran::new(command.output().unwrap()).failed(2, &["Unicode"]);
}
