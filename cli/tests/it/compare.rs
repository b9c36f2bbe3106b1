//! Tests of `tapeline compare` and `tapeline report`.

use std::{fs, process::Command};

use tapeline_experiments::report::definition::REPORTS;

use crate::common::{Bench, READ_AS, Ran};

const SPEC: &str = "flatten linear({3, 5}) {relu | tanh} linear(3)";

/// Compares small networks, with additional arguments.
fn compare(bench: &Bench, more: &[&str]) -> Ran {
    let args = [
        "compare",
        SPEC,
        "--data",
        "data",
        "--epochs",
        "2",
        "--batch-size",
        "10",
    ];
    bench.run(&[&args, &["--lr", "0.1", "--seeds", "2"][..], more].concat())
}

/// Reads a file in the bench's directory.
fn file(bench: &Bench, name: &str) -> String {
    fs::read_to_string(bench.path(name)).unwrap()
}

/// The cells of `results.csv` that don't depend on the number of threads or on time.
fn figures(csv: &str) -> Vec<String> {
    let without_time = |line: &str| line.rsplitn(3, ',').nth(2).unwrap().to_string();
    csv.lines().map(without_time).collect()
}

#[test]
fn every_combination_is_trained_with_every_seed_and_only_once() {
    let bench = Bench::new();
    let first = compare(&bench, &[]).succeeded();
    assert_eq!(first.stderr.matches("run ").count(), 8, "{first:#?}");
    for row in ["3", "5"] {
        for activation in ["relu", "tanh"] {
            let line = first
                .stdout
                .lines()
                .find(|line| line.split_whitespace().take(2).eq([row, activation]));
            assert!(
                line.is_some_and(|line| line.contains('±')),
                "{row} {activation}: {first:#?}"
            );
        }
    }
    assert!(
        first.stdout.contains("paired t-test") && first.stdout.contains("Holm"),
        "{first:#?}"
    );
    assert!(first.stdout.contains("* best in its column"), "{first:#?}");

    let csv = file(&bench, "compare/results.csv");
    assert_eq!(csv.lines().count(), 1 + 8);
    assert_eq!(file(&bench, "compare/results.jsonl").lines().count(), 8);
    assert!(file(&bench, "compare/curves.svg").starts_with("<svg"));

    let again = compare(&bench, &[]).succeeded();
    assert_eq!(again.stderr, READ_AS, "nothing is left to train");
    assert_eq!(
        (again.stdout, &file(&bench, "compare/results.csv")),
        (first.stdout, &csv)
    );

    // With more seeds, the runs of the first seeds are reused.
    let more = compare(&bench, &["--seeds", "3"]).succeeded();
    assert!(
        more.stderr.contains("8 of 12 runs are already done"),
        "{more:#?}"
    );
    assert_eq!(more.stderr.matches("\nrun ").count(), 4, "{more:#?}");
}

#[test]
fn a_run_that_was_cut_off_is_trained_again_and_gives_the_same() {
    let bench = Bench::new();
    compare(&bench, &[]).succeeded();
    let before = figures(&file(&bench, "compare/results.csv"));
    let runs = fs::read_dir(bench.path("compare/runs")).unwrap();
    let cut = runs.map(|run| run.unwrap().path()).next().unwrap();
    fs::remove_file(cut.join("result.json")).unwrap();

    let again = compare(&bench, &["--jobs", "2", "--threads", "2"]).succeeded();
    assert!(
        again.stderr.contains("7 of 8 runs are already done"),
        "{again:#?}"
    );
    assert_eq!(figures(&file(&bench, "compare/results.csv")), before);
}

#[test]
fn an_interrupted_run_goes_on_from_its_checkpoint() {
    let bench = Bench::new();
    compare(&bench, &["--out", "whole"]).succeeded();
    let plan = compare(&bench, &["--plan"]).succeeded().stdout;
    // Train half of a run with the command of the plan, limited to one epoch.
    let line = plan.lines().next().unwrap();
    let mut words = shell_words::split(line).unwrap();
    let folder = words.last().unwrap().clone();
    words.extend(["--epochs".into(), "1".into()]);
    let words: Vec<_> = words[1..].iter().map(String::as_str).collect();
    bench.run(&words).succeeded();
    let config = bench.path(&folder).join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("epochs = 1", "epochs = 2")).unwrap();
    fs::remove_file(bench.path(&folder).join("result.json")).unwrap();

    let plan = compare(&bench, &["--plan"]).succeeded().stdout;
    assert!(
        plan.contains(&format!("tapeline train --resume {folder}\n")),
        "{plan}"
    );
    let checkpoint = bench.path(&folder).join("checkpoint.safetensors");
    let kept = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &kept[1..]).unwrap();
    compare(&bench, &[]).failed(4, &["checkpoint.safetensors: is not a safetensors file"]);
    fs::write(&checkpoint, kept).unwrap();
    compare(&bench, &[]).succeeded();
    let rows = |folder: &str| figures(&file(&bench, &format!("{folder}/results.csv")));
    assert_eq!(rows("compare"), rows("whole"));
    assert!(!checkpoint.exists());
}

#[test]
fn a_plan_is_the_same_runs_as_commands() {
    let bench = Bench::new();
    compare(&bench, &["--out", "here"]).succeeded();
    let plan = compare(&bench, &["--out", "there", "--plan"]).succeeded();
    assert_eq!(plan.stdout.lines().count(), 8);
    let half = compare_collected(&bench, "there");
    assert!(half.stdout.contains("2 missing"), "{half:#?}");

    let program = env!("CARGO_BIN_EXE_tapeline");
    for line in plan.stdout.lines() {
        let words = line.strip_prefix("tapeline ").unwrap();
        let ran = Command::new("sh")
            .args(["-c", &format!("'{program}' {words} --quiet")])
            .current_dir(bench.dir.path())
            .output()
            .unwrap();
        Ran::new(ran).succeeded();
    }
    let collected = compare_collected(&bench, "there");
    assert!(!collected.stdout.contains("missing"), "{collected:#?}");
    assert_eq!(
        figures(&file(&bench, "there/results.csv")),
        figures(&file(&bench, "here/results.csv"))
    );
    let empty = compare(&bench, &["--out", "there", "--plan"]).succeeded();
    assert_eq!(empty.stdout, "");
}

fn compare_collected(bench: &Bench, folder: &str) -> Ran {
    bench.run(&["compare", "--collect", folder]).succeeded()
}

#[test]
fn json_has_the_rows_and_the_differences() {
    let bench = Bench::new();
    let lines = compare(&bench, &["--json"]).succeeded().json();
    let (rows, differences): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line["event"] == "row");
    assert_eq!((rows.len(), differences.len()), (4, 3));
    assert_eq!(
        rows[0]["columns"],
        serde_json::json!(["{3, 5}", "{ relu | tanh }"])
    );
    let cells: Vec<_> = rows.iter().map(|row| row["row"].to_string()).collect();
    assert_eq!(
        cells,
        [
            r#"["3","relu"]"#,
            r#"["3","tanh"]"#,
            r#"["5","relu"]"#,
            r#"["5","tanh"]"#
        ]
    );
    assert_eq!(
        (&rows[0]["done"], &rows[0]["parameters"]),
        (&2.into(), &(36 * 3 + 3 + 3 * 3 + 3).into())
    );

    let mean = |row: &serde_json::Value| row["test_accuracy"][0].as_f64().unwrap();
    for difference in differences {
        let row = |key| mean(rows[difference[key].as_u64().unwrap() as usize]);
        let wanted = row("best") - row("other");
        assert!(
            (difference["mean"].as_f64().unwrap() - wanted).abs() < 1e-12 && wanted >= 0.0,
            "{difference}"
        );
    }
}

/// Names take the place of specs, which the page lists.
#[test]
fn models_in_files_have_names() {
    let bench = Bench::new();
    let text = "# two\nnarrow: flatten linear(3)\nwide: flatten linear({6, 8})\n  relu linear(3)\n";
    fs::write(bench.path("models.txt"), text).unwrap();
    fs::write(
        bench.path("deep.spec"),
        "flatten 2*[ linear(4) relu ] linear(3)",
    )
    .unwrap();
    let compare = |models: &[&str]| {
        let more = ["--data", "data", "--epochs", "1", "--seeds", "1"];
        bench.run(&[&["compare"], models, &more].concat())
    };
    let ran = compare(&["@models.txt", "@deep.spec"]).succeeded();
    let rows: Vec<_> = ran.stdout.lines().skip(1).take(4).collect();
    for (row, name) in rows
        .iter()
        .zip(["narrow  ", "wide: 6  ", "wide: 8  ", "deep  "])
    {
        assert!(row.starts_with(name), "{ran:#?}");
    }
    let page = file(&bench, "compare/report.html");
    for part in [
        "<h1>narrow vs wide vs deep</h1>",
        "<th scope=\"row\">wide: 6</th>",
        "<li>wide: 6: <code>flatten linear(6) relu linear(3)</code></li>",
        "<li>deep: <code>flatten 2*[ linear(4) relu ] linear(3)</code></li>",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    let csv = file(&bench, "compare/results.csv");
    assert!(csv.starts_with("comparison,row,seed,run,data,train_samples,test_samples,epochs,"));
    let first = csv.lines().nth(1).unwrap();
    assert!(first.contains(",\"data\",61,23,1,100,\"sgd("), "{first}");
    let jsonl = file(&bench, "compare/results.jsonl");
    assert!(jsonl.contains("\"command\":\"tapeline compare "), "{jsonl}");

    bench
        .run(&["train", "@models.txt", "--data", "data"])
        .failed(2, &["models.txt: holds 2 named specs", "`compare`"]);
    fs::write(bench.path("models.txt"), text.replace("relu", "rellu")).unwrap();
    compare(&["@models.txt", "@deep.spec"]).failed(2, &["unknown layer `rellu`"]);
}

/// Without validation data, the best configuration is selected on the test data.
#[test]
fn the_best_is_selected_on_validation_data() {
    let bench = Bench::new();
    let selected_on = |val: &[&str]| {
        let lines = compare(&bench, &[&["--json"], val].concat())
            .succeeded()
            .json();
        let (rows, differences): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line["event"] == "row");
        let judged_on = differences[0]["judged_on"].as_str().unwrap().to_string();
        let accuracy = match judged_on.as_str() {
            "validation" => "val_accuracy",
            _ => "test_accuracy",
        };
        let mean = |row: u64, figure: &str| rows[row as usize][figure][0].as_f64().unwrap();
        for difference in &differences {
            assert_eq!(difference["judged_on"], *judged_on);
            let [best, other] = ["best", "other"].map(|key| difference[key].as_u64().unwrap());
            let wanted = mean(best, accuracy) - mean(other, accuracy);
            let found = difference["mean"].as_f64().unwrap();
            assert!(
                (found - wanted).abs() < 1e-12 && wanted >= 0.0,
                "{difference}"
            );
        }
        let best = differences[0]["best"].as_u64().unwrap();
        (
            judged_on,
            format!("{:.2} %", 100.0 * mean(best, "test_accuracy")),
        )
    };

    let (judged_on, accuracy) = selected_on(&[]);
    assert_eq!(judged_on, "test");
    let text = compare(&bench, &[]).succeeded().stdout;
    let said = format!("has the best test accuracy, {accuracy}; it was selected on the data");
    assert!(text.contains(&said), "{said}: {text}");
    assert!(file(&bench, "compare/report.html").contains(&said));
    assert!(file(&bench, "compare/curves.svg").contains("test accuracy"));

    let val = ["--val", "11"];
    let (judged_on, accuracy) = selected_on(&val);
    assert_eq!(judged_on, "validation");
    let text = compare(&bench, &val).succeeded().stdout;
    let said = format!("has the best validation accuracy; its test accuracy is {accuracy}");
    assert!(text.contains(&said), "{said}: {text}");
    assert!(
        text.contains("t-test of the validation accuracies"),
        "{text}"
    );
    assert!(file(&bench, "compare/report.html").contains(&said));
    // Epochs are not compared on the test data.
    let curves = file(&bench, "compare/curves.svg");
    assert!(curves.contains("validation accuracy") && !curves.contains("test accuracy"));
    // Of the four figures of a row, the test accuracy, the last, is never marked as the best.
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.matches('±').count() == 4)
        .collect();
    assert!(rows.iter().any(|row| row.contains('*')), "{text}");
    for row in rows {
        assert!(!row.rsplit_once('±').unwrap().1.contains('*'), "{row}");
    }

    // Different validation images decide nothing.
    assert_eq!(selected_on(&["--val", "{10, 11}"]).0, "test");
}

#[test]
fn columns_are_what_differs() {
    let bench = Bench::new();
    let columns = |args: &[&str]| {
        let always = ["compare", "--data", "data", "--seeds", "1", "--json"];
        let ran = bench.run(&[&always, args].concat()).succeeded();
        ran.json()[0]["columns"].clone()
    };
    let linear = "flatten linear(3)";
    assert_eq!(
        columns(&[linear, "--epochs", "{1, 2}"]),
        serde_json::json!(["epochs"])
    );
    assert_eq!(
        columns(&[linear, "flatten relu linear(3)", "--epochs", "1"]),
        serde_json::json!(["model"])
    );
    assert_eq!(
        columns(&[linear, "--epochs", "1"]),
        serde_json::json!(["model"])
    );
    let sgd = "sgd(lr={0.1, 0.2})";
    let all = [
        linear,
        "--epochs",
        "1",
        "--optimizer",
        sgd,
        "--limit",
        "{10, 20}",
        "--loss",
        "{mse | l1}",
    ];
    assert_eq!(
        columns(&all),
        serde_json::json!(["optimizer", "loss", "images"])
    );
}

#[test]
fn a_run_that_diverges_is_a_result() {
    let bench = Bench::new();
    let args = [
        "compare",
        "flatten linear(3)",
        "--data",
        "data",
        "--optimizer",
        "sgd(lr={0.1, 1e30})",
        "--loss",
        "mse",
    ];
    let ran = bench.run(&args).succeeded();
    assert!(
        ran.stderr.contains("diverged in epoch ") && ran.stdout.contains("0 of 3, 3 diverged"),
        "{ran:#?}"
    );
    assert_eq!(bench.run(&args).succeeded().stderr, READ_AS);
}

/// The same applies if only the evaluation overflows: with the larger learning rate, the weights
/// stay finite.
#[test]
fn a_row_that_diverged_is_not_ranked() {
    let bench = Bench::new();
    let args = [
        "compare",
        "flatten linear(64) linear(64) linear(3)",
        "--data",
        "data",
        "--batch-size",
        "61",
        "--epochs",
        "1",
        "--lr",
        "{0.01, 1e15}",
        "--json",
    ];
    let ran = bench.run(&args).succeeded();
    assert!(
        ran.stderr.contains("in the evaluation on the test data"),
        "{ran:#?}"
    );
    let rows = ran.json();
    assert_eq!(rows[1]["diverged"], 3, "{ran:#?}");
    assert!(rows[1]["test_accuracy"].is_null(), "{ran:#?}");
    let text = bench.run(&args[..10]).succeeded().stdout;
    assert!(text.contains("0 of 3, 3 diverged"), "{text}");
    assert!(!text.to_lowercase().contains("best"), "{text}");
}

#[test]
fn mistakes_are_found_before_anything_is_trained() {
    let bench = Bench::new();
    let long = format!(
        "linear({{{}}})",
        (1..=2000)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    let numbers = format!(
        "{{{}}}",
        (1..=40)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    for (args, code, parts) in [
        (
            &["compare", "flatten linear({3, 5) relu", "--data", "data"][..],
            2,
            &["^"][..],
        ),
        (
            &["compare", "flatten liner({3, 5})", "--data", "data"],
            2,
            &["unknown layer `liner`", "`linear`"],
        ),
        (
            &["compare", &long, "--data", "data"],
            2,
            &["2000 alternatives are too many", "at most 1000"],
        ),
        (
            &[
                "compare", "--data", "data", "--epochs", &numbers, "--limit", &numbers,
            ],
            2,
            &["1600 combinations", "at most 1000"],
        ),
        (&["compare", "--epochs", "{1, 0}"], 2, &["1 to 1000000"]),
        (
            &["compare", "flatten linear({3, 4})", "--data", "data"],
            2,
            &["3 classes", "outputs 4", "end with `linear(classes)`"],
        ),
        (
            &["compare", "--collect", "nowhere"],
            2,
            &["nowhere/study.json", "--plan"],
        ),
        (&["compare", "--collect", "data"], 2, &["data/study.json"]),
        (&["compare", "--seeds", "0"], 2, &["1 to 1000"]),
        (
            &["train", "flatten linear(3)", "--epochs", "{1, 2}"],
            2,
            &["--epochs {1, 2}", "use `compare`"],
        ),
        (&["train", "flatten linear({3, 4})"], 2, &["use `compare`"]),
    ] {
        bench.run(args).failed(code, parts);
    }
    assert!(!bench.path("compare").exists());
}

#[test]
fn a_folder_belongs_to_one_process() {
    let bench = Bench::new();
    compare(&bench, &[]).succeeded();
    let lock = fs::File::open(bench.path("compare/lock")).unwrap();
    lock.lock().unwrap();
    compare(&bench, &[]).failed(2, &["another process is using this folder", "--out"]);
}

const REPORT: &str = r#"
title = "Small"
text = "A text."
seeds = 2
[recipe]
optimizer = "sgd(lr=0.1)"
loss = "cross_entropy"
schedule = "constant"
epochs = 10
batch_size = 10
[quick]
seeds = 1
epochs = 0.2
[source.elsewhere]
about = "from elsewhere"
data = "data"
epochs = 10
[[comparison]]
title = "Width | height"
text = "Which?"
[[comparison.row]]
name = "narrow"
model = "flatten linear(1) linear(3)"
known.elsewhere = [[0.5, 0.4, 0.1], [0.5, 0.4, 0.2]]
[[comparison.row]]
name = "wide"
model = "flatten linear(3)"
epochs = 20
[[comparison.row]]
name = "long"
model = "flatten linear(3)"
epochs = 500
extra = true
[[comparison.claim]]
text = "Wide is better"
better = "wide"
than = "narrow"
"#;

#[test]
fn a_report_is_its_file_with_what_came_of_it() {
    let bench = Bench::new();
    fs::write(bench.path("small.toml"), REPORT).unwrap();
    let report = |more: &[&str]| {
        let args = ["report", "--from", "small.toml", "--data", "data"];
        bench.run(&[&args, more].concat()).succeeded()
    };
    let full = report(&["--out", "full"]);
    assert_eq!(full.stderr.matches("run ").count(), 4, "{full:#?}");
    let page = file(&bench, "full/report.md");
    for part in [
        "# Small",
        "## Width | height",
        "| narrow |",
        "| *elsewhere* |",
        "*15.00 ± 7.07 %*",
        "0 of 1, 1 missing",
        "Wide is better: ",
        "](curves.svg)",
        "- data: `data`, 61 training images, 23 test images",
        "- epochs: 10",
        "- seeds: 2",
        "- elsewhere: from elsewhere",
        "- command: `tapeline report --from small.toml --data data --out full`",
        "- wide: epochs 20",
        "± standard deviation",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    let quick = report(&["--out", "quick", "--quick"]);
    assert_eq!(quick.stderr.matches("run ").count(), 2, "{quick:#?}");
    for part in ["epochs: 2, seeds: 1\n", "changed for wide: epochs 4\n"] {
        assert!(quick.stdout.contains(part), "no `{part}` in {quick:#?}");
    }
    // The page describes two epochs and one seed, and shows no results for ten epochs next to them.
    let quick_page = file(&bench, "quick/report.md") + &file(&bench, "quick/report.html");
    for part in [
        "inconclusive with fewer than two seeds",
        "- epochs: 2\n",
        "- seeds: 1\n",
        "- wide: epochs 4\n",
    ] {
        assert!(quick_page.contains(part), "no `{part}` in {quick_page}");
    }
    for part in ["elsewhere", "±", "t-test"] {
        assert!(!quick_page.contains(part), "`{part}` in {quick_page}");
    }
    let epochs = file(&bench, "quick/results.jsonl");
    assert!(
        epochs.contains("\"epochs\":2,") && epochs.contains("\"epochs\":4,"),
        "{epochs}"
    );

    assert_eq!(report(&["--out", "full", "--plan"]).stdout, "");
    assert_eq!(
        report(&["--out", "full", "--plan", "--extra"])
            .stdout
            .lines()
            .count(),
        1
    );
}

#[test]
fn mistakes_in_a_report_are_told_with_their_place() {
    let bench = Bench::new();
    for (from, to, parts) in [
        ("seeds = 2", "seeds = two", &["small.toml: ", "line 4"][..]),
        (
            "than = \"narrow\"",
            "than = \"thin\"",
            &["Width | height", "a claim names `thin`"],
        ),
        (
            "epochs = 20",
            "epoch = 20",
            &["small.toml: line 28: ", "`epoch`"],
        ),
        (
            "epochs = 20",
            "epochs = 0",
            &["small.toml: line 28: `epochs` must be an integer, 1 to"],
        ),
        (
            "data = \"data\"\nepochs = 10",
            "data = \"data\"\nepochs = 5",
            &[
                "row `narrow`",
                "`elsewhere` are for 5 epochs",
                "trained for 10",
            ],
        ),
        (
            "[source.elsewhere]",
            "[source.nowhere]",
            &["row `narrow`", "names `elsewhere`"],
        ),
        (
            "linear(3)\"\nepochs = 20",
            "liner(3)\"\nepochs = 20",
            &["unknown layer `liner`"],
        ),
    ] {
        assert!(REPORT.contains(from));
        fs::write(bench.path("small.toml"), REPORT.replace(from, to)).unwrap();
        bench
            .run(&["report", "--from", "small.toml", "--data", "data"])
            .failed(2, parts);
    }
    bench
        .run(&["report", "--from", "nowhere.toml"])
        .failed(2, &["nowhere.toml: cannot be read"]);
    assert!(!bench.path("report").exists());
}

/// A plan builds every model, so a text that doesn't fit MNIST's images is found here.
#[test]
fn every_built_in_report_has_a_plan() {
    let bench = Bench::new();
    for report in &REPORTS {
        let args = ["report", report.name, "--plan", "--out", report.name];
        let plan = bench.run(&args).succeeded().stdout;
        assert!(plan.lines().count() > 1, "{}: {plan}", report.name);
        let runs = fs::read_dir(bench.path(report.name).join("runs")).unwrap();
        assert_eq!(runs.count(), 0, "{}", report.name);
    }
}

/// Settings shared by all configurations are stated once on the page; those that differ are
/// columns.
#[test]
fn a_page_says_how_its_rows_were_trained() {
    let bench = Bench::new();
    compare(&bench, &["--batch-size", "{10, 20}"]).succeeded();
    let page = file(&bench, "compare/report.html");
    for part in [
        "<dt>data</dt><dd><code>data</code>, 61 training images, 23 test images</dd>",
        "<dt>epochs</dt><dd>2</dd>",
        "<dt>optimizer</dt><dd><code>sgd(",
        "<dt>seeds</dt><dd>2</dd>",
        "<dt>command</dt><dd><code>tapeline compare ",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    assert!(!page.contains("<dt>batch size</dt>"));
    assert_eq!(page.matches("data-label=\"test accuracy\"").count(), 8);
}
