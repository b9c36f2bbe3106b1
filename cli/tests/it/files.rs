//! Bad data and model files: the exit code is right, the message names the file, and no partial
//! output is left.

use std::fs;

use crate::common::{Bench, Ran, fixture};

/// Writes a dataset of three 2x2 images in which one file is replaced.
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
        (
            images,
            "images-html",
            &["is an HTML page", "fetch the file again"],
        ),
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
            .failed(2, &[labels, label, "help: end with `linear(classes)`"]);
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

/// Wherever a model or weights are read, a file of another program is identified, with advice on
/// how to convert it.
#[test]
fn models_of_other_programs_are_named() {
    let bench = Bench::new();
    let pickle = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    let zip =
        b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0c\0\x12\0model/data.pkl";
    let help = "safetensors.torch.save_file(model.state_dict()";
    for (name, bytes) in [("old.pth", &pickle[..]), ("new.pt", zip)] {
        fs::write(bench.path(name), bytes).unwrap();
        let wanted = [name, "a PyTorch file", help];
        bench
            .run(&["export", &format!("@{name}"), "out.onnx"])
            .failed(2, &wanted);
        let weights = ["flatten linear(3)", "out.onnx", "--weights", name];
        bench
            .run(&[&["export"], &weights[..]].concat())
            .failed(4, &wanted);
    }
    let renamed = bench.path("renamed.safetensors");
    fs::write(renamed, pickle).unwrap();
    bench
        .run(&["export", "@renamed.safetensors", "out.onnx"])
        .failed(4, &["a PyTorch file", help]);
}

/// Weights and specs can be read from a pipe, which can be read only once, so the checksum in the
/// configuration must be computed from the bytes that were read.
#[cfg(unix)]
#[test]
fn weights_and_specs_come_through_pipes() {
    use std::{io::Write, process::Stdio};

    let bench = Bench::new();
    bench.train("a", &[]);
    let through_pipe = |args: &[&str], bytes: &[u8]| {
        let mut child = bench
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        Ran::new(child.wait_with_output().unwrap()).succeeded()
    };
    let more = ["--data", "data", "--epochs", "1", "--out"];
    let train = |weights: &str, out: &'static str| {
        [
            &["train", "flatten linear(3)", "--weights", weights],
            &more[..],
            &[out],
        ]
        .concat()
        .into_iter()
        .map(String::from)
        .collect::<Vec<_>>()
    };
    let config = |run: &str| {
        let text = fs::read_to_string(bench.path(run).join("config.toml")).unwrap();
        let sum = text.lines().find(|line| line.starts_with("weights_sha256"));
        sum.unwrap().to_string()
    };
    let model = fs::read(bench.path("a/model.safetensors")).unwrap();
    let args = train("/dev/stdin", "piped");
    through_pipe(&args.iter().map(String::as_str).collect::<Vec<_>>(), &model);
    let args = train("a/model.safetensors", "named");
    bench
        .run(&args.iter().map(String::as_str).collect::<Vec<_>>())
        .succeeded();
    assert_eq!(config("piped"), config("named"));

    let ran = through_pipe(&["summary", "@/dev/stdin", "--json"], b"flatten linear(7)");
    assert!(ran.stdout.contains("linear(7)"), "{ran:#?}");
}
