//! Files that people may edit: a file is rejected for the same values as the command line, and
//! stored values are used.

use std::fs;

use crate::common::Bench;

/// The `key = value` lines of a TOML text: line index, key and value.
fn entries(text: &str) -> Vec<(usize, &str, &str)> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(i, line)| {
            let (key, value) = line.split_once(" = ")?;
            Some((i, key, value))
        })
        .collect()
}

/// Replaces the line at an index, or removes it if `line` is `None`.
fn with_line(text: &str, at: usize, line: Option<String>) -> String {
    let lines = text.lines().enumerate();
    let edited = lines.filter_map(|(i, old)| match i == at {
        true => line.clone(),
        false => Some(old.into()),
    });
    edited.map(|line| line + "\n").collect()
}

/// Invalid values for a key, depending on the type of its current value.
fn bad_values(key: &str, value: &str) -> Vec<&'static str> {
    let mut bad = vec!["nan", "inf", "99999999999999999999", "{}", "1979-05-27"];
    let is_text = value.starts_with(['"', '\'']);
    if is_text {
        bad.extend(["0", "-1", "true", "[[0]]"]);
    } else {
        bad.extend(["\"zzz\"", "[]"]);
    }
    match key {
        // Any text is valid for these keys until it is used.
        "version" | "name" | "path" | "weights" | "weights_path" => {}
        _ if is_text => bad.extend(["\"zzz(\"", "\"\u{202e}\""]),
        "transpose" | "partial" => bad.push("0"),
        "mean" => {}
        "seed" => bad.extend(["-1", "0.5", "true"]),
        "val" => bad.extend(["0", "-1", "1.5", "true"]),
        "scale" | "std" => bad.extend(["0", "-1", "1e300", "true"]),
        _ => bad.extend(["0", "-1", "0.5", "true"]),
    }
    bad
}

#[test]
fn every_key_of_a_config_is_checked_when_a_run_is_resumed() {
    let bench = Bench::new();
    bench.train("w", &[]);
    let all = [
        "--val",
        "11",
        "--limit",
        "40",
        "--augment",
        "shift(1)",
        "--weights",
        "w/model.safetensors",
        "--partial",
        "--freeze",
        "1.bias",
        "--lr-scale",
        "1: 0.5",
        "--patience",
        "3",
        "--fold",
        "2/3",
    ];
    bench.train("a", &all);
    let path = bench.path("a/config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let resume = |text: &str| {
        fs::write(&path, text).unwrap();
        bench.run(&["train", "--resume", "a", "--epochs", "4"])
    };
    let entries = entries(&config);
    for key in ["batch_size", "limit", "weights_path", "path", "std"] {
        assert!(entries.iter().any(|(_, found, _)| *found == key), "{key}");
    }
    for (i, key, value) in entries {
        let place = format!("a/config.toml: line {}: ", i + 1);
        for bad in bad_values(key, value) {
            let text = with_line(&config, i, Some(format!("{key} = {bad}")));
            let ran = resume(&text);
            let place = match ran.stderr.contains("unclosed") {
                true => "a/config.toml: line",
                false => &place,
            };
            ran.failed(2, &[place, &format!("`{key}`")]);
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "{key} = {bad}");
        }
        let ran = resume(&with_line(&config, i, None));
        match key {
            // Without these keys, the config describes another run, which may or may not be
            // compatible with the checkpoint.
            "augment" | "val" | "limit" | "partial" | "freeze" | "lr_scale" | "patience"
            | "fold" | "weights_path" | "path" => {
                assert!(matches!(ran.code, Some(0 | 2 | 4)), "{key}: {ran:?}");
                fs::remove_dir_all(bench.path("a")).unwrap();
                bench.train("a", &all);
            }
            _ => _ = ran.failed(2, &["a/config.toml: line ", &format!("`{key}`")]),
        }
        for at in [i, i + 1] {
            let line = format!("zzz = 1\n{}", config.lines().nth(at).unwrap_or_default());
            let ran = resume(&with_line(&config, at, Some(line)));
            if at < config.lines().count() {
                ran.failed(2, &["a/config.toml: line ", "`zzz`"]);
            }
        }
    }
    resume(&config).succeeded();
}

#[test]
fn the_normalisation_of_a_config_is_used() {
    let bench = Bench::new();
    for run in ["a", "b"] {
        bench.train(run, &[]);
    }
    let path = bench.path("a/config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let (line, ..) = *entries(&config)
        .iter()
        .find(|(_, key, _)| *key == "scale")
        .unwrap();
    fs::write(
        &path,
        with_line(&config, line, Some("scale = 0.0078125".into())),
    )
    .unwrap();
    for run in ["a", "b"] {
        let args = ["train", "--resume", run, "--epochs", "3"];
        bench.run(&args).succeeded();
    }
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    let says = |run| String::from_utf8_lossy(&model(run)).contains("0.0078125");
    assert_eq!((says("a"), says("b")), (true, false));
    let loss = |run: &str| {
        let metrics = fs::read_to_string(bench.path(run).join("metrics.jsonl")).unwrap();
        let last: serde_json::Value =
            serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        last["train_loss"].as_f64().unwrap()
    };
    assert_ne!(loss("a"), loss("b"));
}

const REPORT: &str = r#"title = "t"
text = ""
seeds = 2
[recipe]
optimizer = "sgd(lr=0.1)"
loss = "cross_entropy"
schedule = "constant"
epochs = 1
batch_size = 10
lr = 0.1
[quick]
seeds = 1
epochs = 0.5
[source.x]
about = ""
data = "mnist"
epochs = 1
[source."a b"]
about = ""
data = "mnist"
epochs = 1
[[comparison]]
title = "c"
text = ""
[[comparison.row]]
name = "a"
model = "flatten linear(3)"
limit = 40
val = 7
max_grad_norm = 1
known.x = [[0.1, 0.2, 0.3]]
known."a b" = [[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]]
[[comparison.row]]
name = "b"
model = "flatten linear(3)"
epochs = 2
"#;

#[test]
fn every_number_of_a_file_of_comparisons_is_checked() {
    let bench = Bench::new();
    let path = bench.path("r.toml");
    let plan = |text: &str| {
        fs::write(&path, text).unwrap();
        let args = ["report", "--from", "r.toml", "--data", "data"];
        bench.run(&[&args[..], &["--out", "r", "--plan"]].concat())
    };
    plan(REPORT).succeeded();
    for (i, key, value) in entries(REPORT) {
        let known = key.starts_with("known");
        let bad: Vec<_> = match value.starts_with('"') {
            true => vec!["0", "nan"],
            false if known => vec![
                "nan",
                "[]",
                "[[nan, 0.1, 0.1]]",
                "[[inf, 0.1, 0.1]]",
                "[[0.1, 0.1]]",
                "[[0.1, 1.5, 0.1]]",
                "[[0.1, 0.1, -1]]",
            ],
            false => vec![
                "0",
                "-1",
                "nan",
                "inf",
                "99999999999999999999",
                "\"zzz\"",
                "{}",
            ],
        };
        for bad in bad {
            let text = with_line(REPORT, i, Some(format!("{key} = {bad}")));
            plan(&text).failed(
                2,
                &[
                    &format!("r.toml: line {}: ", i + 1),
                    if known { "" } else { key },
                ],
            );
        }
    }
    for unknown in [4, 11, 14, 22, 25] {
        let line = format!("zzz = 1\n{}", REPORT.lines().nth(unknown).unwrap());
        plan(&with_line(REPORT, unknown, Some(line))).failed(2, &["r.toml: line ", "`zzz`"]);
    }
    plan(&REPORT.replace("batch_size = 10\n", "")).failed(2, &["r.toml: line ", "`batch_size`"]);
}

#[test]
fn a_study_that_does_not_fit_together_is_refused() {
    let bench = Bench::new();
    let args = [
        "compare",
        "flatten linear(3)",
        "--seeds",
        "1",
        "--data",
        "data",
    ];
    let more = [
        "--lr",
        "{0.1, 0.2}",
        "--limit",
        "40",
        "--out",
        "c",
        "--plan",
    ];
    bench.run(&[&args[..], &more].concat()).succeeded();
    let path = bench.path("c/study.json");
    let study = fs::read_to_string(&path).unwrap();
    let collect = |text: &str| {
        fs::write(&path, text).unwrap();
        bench.run(&["compare", "--collect", "c", "--data", "data"])
    };
    collect(&study).succeeded();
    let value: serde_json::Value = serde_json::from_str(&study).unwrap();
    let edits = [
        ("/comparisons/0/rows/0/settings/batch_size", "0"),
        ("/comparisons/0/rows/0/settings/epochs", "-1"),
        ("/comparisons/0/rows/0/settings/limit", "0"),
        ("/comparisons/0/rows/0/settings/lr", "1e999"),
        ("/comparisons/0/rows/0/settings/lr", "-1.5"),
        ("/comparisons/0/rows/0/seeds", "0"),
        ("/comparisons/0/rows/0/seeds", "1000000000000"),
        ("/comparisons/0/rows/0/runs", r#"["../../../etc/a"]"#),
        (
            "/comparisons/0/rows/0/known",
            r#"[{"by": "x", "runs": [[null, 0.1, 0.1]]}]"#,
        ),
        ("/comparisons/0/rows/0/cells", "[]"),
        ("/comparisons/0/columns", "[]"),
        ("/comparisons/0/rows", "[]"),
        (
            "/comparisons/0/claims",
            r#"[{"text": "x", "better": 0, "than": 9}]"#,
        ),
    ];
    for (place, edited) in edits {
        // The text is replaced, because some of the values can't be represented in JSON.
        let mut marked = value.clone();
        *marked.pointer_mut(place).unwrap() = "MARK".into();
        let text = marked.to_string().replace("\"MARK\"", edited);
        collect(&text).failed(2, &["c/study.json: "]);
    }
}
