//! Fine-tuning: frozen parameters, scaled learning rates, and weights that fit in part.

use std::{collections::BTreeMap, fs, path::Path};

use crate::common::{Bench, Ran};

const SPEC: &str = "conv2d(4, 3) batchnorm2d relu residual[ conv2d(4, 3, padding=1) relu ] flatten linear(classes)";

/// The data of each tensor in a safetensors file.
fn tensors(file: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let (length, rest) = bytes.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: serde_json::Value = serde_json::from_slice(header).unwrap();
    let entries = header.as_object().unwrap().iter();
    let tensors = entries.filter_map(|(name, entry)| {
        let offset = |i: usize| Some(entry.get("data_offsets")?[i].as_u64()? as usize);
        Some((name.clone(), data[offset(0)?..offset(1)?].to_vec()))
    });
    tensors.collect()
}

fn model(bench: &Bench, run: &str) -> BTreeMap<String, Vec<u8>> {
    tensors(&bench.path(run).join("model.safetensors"))
}

fn run(bench: &Bench, out: &str, more: &[&str]) -> Ran {
    let args = ["train", SPEC, "--data", "data", "--epochs", "2"];
    let args = [&args[..], &["--batch-size", "10", "--out", out], more];
    bench.run(&args.concat())
}

/// Trains from the weights of a run, and returns the names of the tensors that changed.
fn changed(bench: &Bench, out: &str, more: &[&str]) -> Vec<String> {
    let more = [&["--weights", "@first"], more].concat();
    run(bench, out, &more).succeeded();
    let (before, after) = (model(bench, "first"), model(bench, out));
    let names = after
        .into_iter()
        .filter(|(name, data)| before[name] != *data);
    names.map(|(name, _)| name).collect()
}

#[test]
fn frozen_parameters_stay_as_they_are() {
    let bench = Bench::new();
    run(&bench, "first", &[]).succeeded();
    let all = model(&bench, "first");
    assert_eq!(changed(&bench, "all", &[]).len(), all.len());

    // The running statistics of layer 1 are frozen with it.
    assert_eq!(
        changed(&bench, "a", &["--freeze", "0-3"]),
        ["5.bias", "5.weight"]
    );
    // By name, and by repeating the option.
    let freeze = ["--freeze", "*.weight,0.bias", "--freeze", "5"];
    let biases = ["1.bias", "1.running_mean", "1.running_var", "3.0.bias"];
    assert_eq!(changed(&bench, "b", &freeze), biases);
    // A learned layer below frozen ones.
    assert_eq!(
        changed(&bench, "c", &["--freeze", "1-5"]),
        ["0.bias", "0.weight"]
    );
    // Weight decay doesn't reach frozen weights, and `ema` doesn't average them.
    let optimizer = ["--optimizer", "adamw(lr=0.1, weight_decay=0.5) ema(0.5)"];
    let more = [&["--freeze", "0-3"], &optimizer[..]].concat();
    assert_eq!(changed(&bench, "d", &more), ["5.bias", "5.weight"]);
}

/// Below the first learned parameter, nothing is computed in the backward pass.
#[test]
fn frozen_layers_have_no_backward_pass() {
    let bench = Bench::new();
    let backward = |out: &str, more: &[&str]| {
        let ran = run(&bench, out, &[&["--profile", "--json"], more].concat()).succeeded();
        let events = ran.json();
        let profile = events.iter().find(|event| event["event"] == "profile");
        let parts = profile.unwrap()["parts"].as_array().unwrap().clone();
        let seconds = |part: &serde_json::Value| part["backward_microseconds"].as_f64().unwrap();
        let layers = parts.iter().filter(|part| seconds(part) > 0.0);
        let names = layers.map(|part| part["layer"].as_str().unwrap().to_string());
        names.collect::<Vec<_>>()
    };
    let all = backward("a", &[]);
    assert!(
        all.iter().any(|name| name.starts_with("0 conv2d")),
        "{all:?}"
    );
    let frozen = backward("b", &["--freeze", "0-3"]);
    assert!(
        frozen.iter().any(|name| name.starts_with("5 linear")),
        "{frozen:?}"
    );
    let below = frozen
        .iter()
        .filter(|name| name.starts_with(['0', '1', '2', '3']));
    assert_eq!(below.count(), 0, "{frozen:?}");
}

#[test]
fn learning_rates_are_scaled() {
    let bench = Bench::new();
    let with = |out: &str, more: &[&str]| {
        let sgd = ["--optimizer", "sgd(lr=0.01, momentum=0, weight_decay=0.1)"];
        let step = ["--limit", "10", "--epochs", "1"];
        run(&bench, out, &[&sgd[..], &step, more].concat()).succeeded();
        model(&bench, out)
    };
    // Every step of the same length: a factor for all is another learning rate.
    let (scaled, faster) = (
        with("a", &["--lr-scale", "*: 0.5"]),
        with("b", &["--lr", "0.005"]),
    );
    assert_eq!(scaled, faster);
    // The last pattern that matches counts.
    let (plain, mixed) = (with("c", &[]), with("d", &["--lr-scale", "*:0.5, 5: 1"]));
    for (name, data) in &mixed {
        let same = match name.starts_with("5.") {
            true => &plain,
            false => &scaled,
        };
        assert_eq!(data, &same[name], "{name}");
    }
}

#[test]
fn weights_are_taken_where_they_fit() {
    let bench = Bench::new();
    run(&bench, "first", &[]).succeeded();
    let other = "conv2d(4, 3) batchnorm2d relu residual[ conv2d(4, 3, padding=1) relu ] flatten linear(5) prelu linear(classes)";
    let args = [
        "train",
        other,
        "--data",
        "data",
        "--epochs",
        "1",
        "--weights",
        "first/model.safetensors",
    ];
    bench
        .run(&[&args[..], &["--out", "no"]].concat())
        .failed(4, &["`5.weight` has shape"]);
    let partial = [&args[..], &["--partial", "--freeze", "0-3", "--out", "a"]].concat();
    let ran = bench.run(&partial).succeeded();
    for part in [
        "note: first/model.safetensors: 8 of 13 tensors fit; left: \"5.bias\" has shape [3], but the model wants [5]",
        "6.weight\" is not in the file",
    ] {
        assert!(
            ran.stderr.replace('`', "\"").contains(part),
            "{part} in {}",
            ran.stderr
        );
    }
    let (before, after) = (model(&bench, "first"), model(&bench, "a"));
    let taken = before.iter().filter(|(name, _)| !name.starts_with('5'));
    taken.for_each(|(name, data)| assert_eq!(&after[name], data, "{name}"));

    bench
        .run(&["train", "mlp", "--data", "data", "--partial"])
        .failed(
            2,
            &["--partial: there are no initial weights", "--weights FILE"],
        );
    let foreign = [
        "train",
        "flatten relu linear(classes)",
        "--data",
        "data",
        "--partial",
    ];
    let foreign = [&foreign[..], &["--weights", "@first", "--out", "b"]].concat();
    bench.run(&foreign).failed(4, &["has no tensor that fits"]);
    assert!(!bench.path("b").exists());
}

#[test]
fn a_pattern_that_matches_nothing_lists_the_names() {
    let bench = Bench::new();
    let train = |args: &[&str]| run(&bench, "a", args);
    for option in [["--freeze", "0,7-9"], ["--lr-scale", "0: 0.5, 7-9: 2"]] {
        let names = "`7-9` matches none of the parameters 0.weight, 0.bias, 1.weight, 1.bias, 1.running_mean, 1.running_var, 3.0.weight";
        train(&option).failed(2, &[option[0], names]);
    }
    train(&["--freeze", "*"]).failed(2, &["--freeze *: no parameter is left to learn"]);
    train(&["--freeze", "0 1"]).failed(2, &["--freeze", "like `0-6, *.bias`"]);
    train(&["--lr-scale", "0: -1"]).failed(2, &["--lr-scale", "like `0-6: 0.1, *.bias: 2`"]);
    assert!(!bench.path("a").exists());
}

#[test]
fn a_run_as_a_model_is_trained_anew_and_says_so() {
    let bench = Bench::new();
    run(&bench, "first", &[]).succeeded();
    let again = ["train", "@first", "--epochs", "2", "--batch-size", "10"];
    let anew = bench
        .run(&[&again[..], &["--out", "a"]].concat())
        .succeeded();
    let note =
        "note: a new model is trained; `--weights first/model.safetensors` starts from the weights";
    assert!(anew.stderr.contains(note), "{anew:?}");
    assert_eq!(model(&bench, "first"), model(&bench, "a"));
    let on = bench.run(&[&again[..], &["--weights", "@first", "--out", "b"]].concat());
    assert!(!on.succeeded().stderr.contains("a new model"));
    assert_ne!(model(&bench, "first"), model(&bench, "b"));
}
