//! Runs that end early, and the learning rate in the metrics.

use std::fs;

use crate::common::{Bench, Ran};

/// A run whose weights don't move, so its validation loss is smallest in the first epoch.
fn still(bench: &Bench, out: &str, epochs: &str) -> Ran {
    let more = [
        "--lr",
        "1e-30",
        "--val",
        "10",
        "--patience",
        "2",
        "--json",
        "--epochs",
        epochs,
    ];
    let args = [
        "train",
        "flatten linear(classes)",
        "--data",
        "data",
        "--out",
        out,
    ];
    bench.run(&[&args[..], &more].concat()).succeeded()
}

#[test]
fn a_run_ends_when_the_validation_loss_no_longer_improves() {
    let bench = Bench::new();
    let ended = still(&bench, "a", "9");
    let events = ended.json();
    // The loss of epoch 1 has not improved in epochs 2 and 3.
    assert_eq!(events.last().unwrap()["event"], "done");
    assert_eq!(events.last().unwrap()["epochs"], 3);
    let note = "note: ended after epoch 3: the validation loss no longer improved";
    assert!(ended.stderr.contains(note), "{ended:?}");
    bench
        .run(&["train", "--resume", "a", "--epochs", "20"])
        .failed(2, &["a: ended after 3 epochs", "--patience"]);

    // A run that was stopped before the end counts the epochs before the stop.
    still(&bench, "b", "2");
    let more = ["train", "--resume", "b", "--epochs", "9", "--json"];
    let resumed = bench.run(&more).succeeded();
    assert_eq!(resumed.json().last().unwrap()["epochs"], 3);
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("a"), model("b"));

    // One that was killed after its last epoch has only its result left to write.
    fs::remove_file(bench.path("b/result.json")).unwrap();
    let resumed = bench.run(&["train", "--resume", "b", "--json"]).succeeded();
    assert_eq!(resumed.json().last().unwrap()["epochs"], 3);
}

#[test]
fn patience_needs_validation_data() {
    let bench = Bench::new();
    let args = ["train", "mlp", "--data", "data", "--out", "a"];
    for (option, value) in [("--patience", "3"), ("--schedule", "warmup(5) plateau")] {
        bench.run(&[&args[..], &[option, value]].concat()).failed(
            2,
            &[option, value, "monitors the validation loss", "`--val 0.1`"],
        );
    }
    bench
        .run(&[&args[..], &["--patience", "0"]].concat())
        .failed(2, &["--patience", "1 to 1000000"]);
    assert!(!bench.path("a").exists());
}

#[test]
fn the_learning_rate_of_the_last_step_is_in_the_metrics() {
    let bench = Bench::new();
    let more = [
        "--optimizer",
        "adam(lr=0.5)",
        "--schedule",
        "step(6, 0.1)",
        "--json",
    ];
    // 61 images in batches of 10 are 7 steps: the rate drops before the last step of the epoch.
    let args = [
        "train",
        "mlp",
        "--data",
        "data",
        "--epochs",
        "2",
        "--batch-size",
        "10",
    ];
    let ran = bench.run(&[&args[..], &more, &["--out", "a"]].concat());
    let events = ran.succeeded().json();
    let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-12;
    let rates = events.iter().filter(|event| event["event"] == "epoch");
    let rates: Vec<_> = rates.map(|event| event["lr"].as_f64().unwrap()).collect();
    assert!(near(rates[0], 0.05) && near(rates[1], 0.005), "{rates:?}");
    let csv = fs::read_to_string(bench.path("a/metrics.csv")).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let column = lines
        .next()
        .unwrap()
        .iter()
        .position(|name| *name == "lr")
        .unwrap();
    for (line, rate) in lines.zip(rates) {
        assert_eq!(line[column].parse(), Ok(rate));
    }
}
