//! Comparisons on parts of the training images.

use std::fs;

use crate::common::{Bench, Ran};

const SPEC: &str = "flatten {linear(classes) | linear(4) relu linear(classes)}";

fn compare(bench: &Bench, more: &[&str]) -> Ran {
    let args = [
        "compare", SPEC, "--data", "data", "--epochs", "2", "--lr", "0.1",
    ];
    bench.run(&[&args[..], &["--batch-size", "10", "--folds", "4"], more].concat())
}

/// A column of `results.csv`.
fn column(bench: &Bench, folder: &str, name: &str) -> Vec<String> {
    let csv = fs::read_to_string(bench.path(folder).join("results.csv")).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heading = lines.next().unwrap();
    let place = heading.iter().position(|column| *column == name).unwrap();
    lines.map(|line| line[place].to_string()).collect()
}

#[test]
fn each_configuration_is_tested_on_each_part_once() {
    let bench = Bench::new();
    let ran = compare(&bench, &["--out", "a"]).succeeded();
    assert_eq!(
        column(&bench, "a", "fold"),
        ["1/4", "2/4", "3/4", "4/4"].repeat(2)
    );
    assert_eq!(column(&bench, "a", "seed"), ["0"; 8]);
    for text in [
        "±",
        "paired t-test of the test accuracies over the folds",
        "Mean ± standard deviation over the folds",
    ] {
        let page = fs::read_to_string(bench.path("a/report.html")).unwrap_or_default();
        assert!(
            (ran.stdout.clone() + &page).contains(text),
            "{text}: {ran:#?}"
        );
    }
    let json = compare(&bench, &["--out", "a", "--json"])
        .succeeded()
        .json();
    assert_eq!((&json[0]["runs"], &json[0]["done"]), (&4.into(), &4.into()));
    // The mean over the parts, which together are all training images.
    let accuracies = column(&bench, "a", "test_accuracy");
    let sum: f64 = accuracies[..4]
        .iter()
        .map(|text| text.parse::<f64>().unwrap())
        .sum();
    let mean = json[0]["test_accuracy"][0].as_f64().unwrap();
    assert!((mean - sum / 4.0).abs() < 1e-12, "{accuracies:?} {mean}");
    let test_samples = |run: &str| -> u64 {
        let result = fs::read(bench.path("a/runs").join(run).join("result.json")).unwrap();
        let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
        result["test_samples"].as_u64().unwrap()
    };
    let runs = column(&bench, "a", "run");
    assert_eq!(
        runs[..4].iter().map(|run| test_samples(run)).sum::<u64>(),
        61
    );

    // The same seeds for all folds, and finished runs are reused.
    let more = compare(&bench, &["--out", "a", "--seeds", "2"]).succeeded();
    assert!(
        more.stderr.contains("8 of 16 runs are already done"),
        "{more:#?}"
    );
    assert!(
        more.stdout.contains("over the folds and seeds"),
        "{more:#?}"
    );
    let collected = bench.run(&["compare", "--collect", "a", "--data", "data"]);
    assert_eq!(collected.succeeded().stdout, more.stdout);
}

#[test]
fn a_planned_run_is_one_fold() {
    let bench = Bench::new();
    let plan = compare(&bench, &["--out", "a", "--plan", "--val", "0.2"]).succeeded();
    assert_eq!(plan.stdout.lines().count(), 8);
    assert!(
        plan.stdout.lines().nth(1).unwrap().contains("--fold 2/4"),
        "{plan:#?}"
    );
    for line in plan.stdout.lines() {
        let words = shell_words::split(line).unwrap();
        let words: Vec<_> = words[1..].iter().map(String::as_str).collect();
        bench.run(&words).succeeded();
    }
    let collected = bench.run(&["compare", "--collect", "a"]).succeeded();
    let compared = compare(&bench, &["--out", "a", "--val", "0.2"]).succeeded();
    assert_eq!(collected.stdout, compared.stdout);
    let config = column(&bench, "a", "run").remove(0);
    let config = fs::read_to_string(bench.path("a/runs").join(config).join("config.toml"));
    assert!(config.unwrap().contains("fold = \"1/4\""));
}

#[test]
fn a_fold_is_trained_alone_and_resumed() {
    let bench = Bench::new();
    let train = |out: &str, more: &[&str]| bench.train(out, &[&["--fold", "3/3"], more].concat());
    train("a", &["--epochs", "3"]);
    train("b", &[]);
    bench
        .run(&["train", "--resume", "b", "--epochs", "3"])
        .succeeded();
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("a"), model("b"));

    for fold in ["0/3", "4/3", "1/1", "3", "a/3", "1/101", "-1/3"] {
        let args = ["train", "mlp", "--data", "data", "--fold", fold];
        bench.run(&args).failed(2, &["--fold", "like 2/5"]);
    }
    bench
        .run(&["train", "mlp", "--data", "data", "--fold", "1/62"])
        .failed(2, &["--fold 1/62: 61 images cannot be split into 62 parts"]);
    bench
        .run(&[
            "compare", "mlp", "--data", "data", "--folds", "3", "--fold", "1/3",
        ])
        .failed(2, &["--folds", "--fold"]);
    bench
        .run(&["compare", "mlp", "--folds", "1"])
        .failed(2, &["--folds", "2 to 100"]);
}
