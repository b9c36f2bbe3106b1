//! Classes of different sizes: what is said about them, and weights that balance them.

use std::fs;

use serde_json::json;

use crate::common::{Bench, keys};

/// A dataset with 30, 8 and 2 training images of the classes 0, 1 and 2.
fn uneven(bench: &Bench) {
    bench.data("uneven", 6, 40, 12);
    let labels = [vec![0; 30], vec![1; 8], vec![2; 2]].concat();
    let file = bench.path("uneven/train-labels-idx1-ubyte");
    fs::write(file, [&[0, 0, 8, 1, 0, 0, 0, 40], &labels[..]].concat()).unwrap();
}

const TRAIN: [&str; 6] = ["train", "mlp", "--data", "uneven", "--epochs", "1"];

#[test]
fn class_counts_are_reported_if_they_differ_by_more_than_a_factor_of_two() {
    let bench = Bench::new();
    uneven(&bench);
    let json = bench.run(&[&TRAIN[..], &["--json"]].concat()).succeeded();
    let counts = &json.json()[0]["class_counts"];
    let wanted = json!([
        {"class": "0", "images": 30},
        {"class": "1", "images": 8},
        {"class": "2", "images": 2},
    ]);
    assert_eq!(counts, &wanted);
    let note = "note: images per class: 0: 30, 1: 8, 2: 2";
    assert!(json.stderr.contains(note), "{json:?}");

    // Those that are trained on count: without the last two, they are 30 and 8 and none.
    let args = ["--json", "--limit", "38"];
    let json = bench.run(&[&TRAIN[..], &args].concat()).succeeded();
    assert_eq!(json.json()[0]["class_counts"][2]["images"], json!(0));

    let even = ["train", "mlp", "--data", "data", "--epochs", "1", "--json"];
    let even = bench.run(&even).succeeded();
    assert!(!keys(even.stdout.lines().next().unwrap()).contains(&"class_counts"));
    assert!(!even.stderr.contains("images per class"), "{even:?}");
}

#[test]
fn balanced_weights_are_kept_as_numbers() {
    let bench = Bench::new();
    uneven(&bench);
    // 40 / (3 · 30), 40 / (3 · 8), 40 / (3 · 2)
    let numbers = "weight=(0.4444444444444444, 1.6666666666666667, 6.666666666666667)";
    let loss = ["--loss", "cross_entropy(weights=balanced)"];
    let by_name = [&TRAIN[..], &loss, &["--out", "a"]].concat();
    bench.run(&by_name).succeeded();
    let config = fs::read_to_string(bench.path("a/config.toml")).unwrap();
    assert!(config.contains(numbers), "{config}");
    let loss = ["--loss", &format!("cross_entropy({numbers})")];
    bench
        .run(&[&TRAIN[..], &loss, &["--out", "b"]].concat())
        .succeeded();
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("a"), model("b"));
    let plain = [&TRAIN[..], &["--out", "c"]].concat();
    bench.run(&plain).succeeded();
    assert_ne!(model("a"), model("c"));

    // `eval` measures the run's loss, with the same numbers.
    let figures = |args: &[&str]| bench.run(&[&["eval", "--json"], args].concat()).succeeded();
    let own = figures(&["@a"]).json().remove(0);
    assert!(own["loss_function"].as_str().unwrap().contains(numbers));
    let same = figures(&["@c", "--loss", "cross_entropy(weight=balanced)"]);
    assert_eq!(same.json()[0]["loss_function"], own["loss_function"]);

    bench
        .run(&["train", "--resume", "a", "--epochs", "2"])
        .succeeded();
    let study = [
        &["compare"],
        &TRAIN[1..],
        &["--seeds", "2", "--out", "study"],
    ]
    .concat();
    let study = [&study[..], &["--loss", "{cross_entropy | nll(balanced)}"]].concat();
    bench.run(&study).succeeded();
}
