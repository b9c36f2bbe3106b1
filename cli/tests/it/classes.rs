//! `classes` in a spec is the number of classes of the data.

use std::fs;

use image::{Rgb, RgbImage};

use crate::common::Bench;

/// Adds pictures in colour, in folders for four classes.
fn photos(bench: &Bench) {
    for (i, class) in (0..).zip(["ant", "bee", "cat", "dog"]) {
        let folder = bench.path("photos").join(class);
        fs::create_dir_all(&folder).unwrap();
        for n in 0..5 {
            let pixel = |x, y| Rgb([60 * i, 9 * n, (x * y) as u8]);
            let picture = RgbImage::from_fn(8, 8, pixel);
            picture.save(folder.join(format!("{n}.png"))).unwrap();
        }
    }
}

#[test]
fn a_preset_fits_any_number_of_classes_and_a_run_keeps_it() {
    let bench = Bench::new();
    photos(&bench);
    let args = ["train", "cnn", "--data", "photos", "--epochs", "1"];
    bench
        .run(&[&args[..], &["--out", "run"]].concat())
        .succeeded();
    let config = fs::read_to_string(bench.path("run/config.toml")).unwrap();
    assert!(config.contains("linear(out_features=4"), "{config}");

    // The other commands need no option and, except for `eval`, no data.
    bench.run(&["eval", "@run"]).succeeded();
    bench
        .run(&["train", "--resume", "run", "--epochs", "2"])
        .succeeded();
    fs::rename(bench.path("photos"), bench.path("moved")).unwrap();
    let predicted = bench
        .run(&["predict", "@run", "moved/bee/0.png", "--json"])
        .succeeded();
    assert_eq!(predicted.json().len(), 1);
    bench.run(&["export", "@run", "cnn.onnx"]).succeeded();
    let summary = bench.run(&["summary", "@run"]).succeeded();
    assert!(summary.stdout.contains("linear(4)"), "{summary:?}");

    // Weights and a preset: only `eval` has data that say how many classes there are.
    bench
        .run(&["export", "@run", "weights.safetensors"])
        .succeeded();
    let weights = ["--weights", "weights.safetensors"];
    let guessed = [
        &["export", "cnn", "b.onnx", "--input", "3x8x8"],
        &weights[..],
    ]
    .concat();
    bench.run(&guessed).failed(
        4,
        &[
            "has shape [4, 128]",
            "`classes` in a spec is 10; `--classes N`",
        ],
    );
    let known = [&guessed[..], &["--classes", "4"]].concat();
    bench.run(&known).succeeded();
    let eval = [&["eval", "cnn", "--data", "moved"], &weights[..]].concat();
    bench.run(&eval).succeeded();
}

#[test]
fn every_preset_follows_the_number_of_classes() {
    let bench = Bench::new();
    let presets = bench.run(&["presets"]).succeeded().stdout;
    let names = presets
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 4, "{names:?}");
    for name in names {
        let outputs = |more: &[&str]| {
            let summary = bench.run(&[&["summary", name, "--json"], more].concat());
            let summary = summary.succeeded().json().remove(0);
            summary["layers"].as_array().unwrap().last().unwrap()["output"].clone()
        };
        assert_eq!(outputs(&[]), serde_json::json!([10]), "{name}");
        assert_eq!(
            outputs(&["--classes", "7"]),
            serde_json::json!([7]),
            "{name}"
        );
    }
}

#[test]
fn compare_takes_the_number_of_classes_of_its_data() {
    let bench = Bench::new();
    let spec = "flatten {linear(classes) | linear(4) relu linear(classes)}";
    let args = [
        "compare", spec, "--data", "data", "--epochs", "1", "--seeds", "2",
    ];
    bench
        .run(&[&args[..], &["--out", "study"]].concat())
        .succeeded();
}

#[test]
fn classes_elsewhere_is_an_error_at_its_place_before_the_data_are_read() {
    let bench = Bench::new();
    let train = |args: &[&str]| bench.run(&[&["train", "--data", "missing"], args].concat());
    train(&["flatten dropout(classes) linear(classes)"]).failed(
        2,
        &[
            "`p` of `dropout` is classes; it must be a number",
            "│ flatten dropout(classes) linear(classes)",
            "│                 ^^^^^^^ help: `classes` is an integer",
        ],
    );
    train(&["flatten linear(clases)"]).failed(2, &["help: did you mean `classes`?"]);
    // Only a model knows the word.
    train(&["flatten linear(classes)", "--optimizer", "sgd(lr=classes)"])
        .failed(2, &["`lr` of `sgd` is classes"]);
    bench
        .run(&["summary", "mlp", "--classes", "0"])
        .failed(2, &["--classes", "1 to 65536"]);
}
