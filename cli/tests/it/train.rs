//! Tests of `tapeline train`: its messages, its files and its exit codes.

use std::{fs, process::Stdio};

use serde_json::Value;

use crate::common::{Bench, READ_AS, Ran, keys};

#[test]
fn a_run_has_its_files_and_the_model_has_learned() {
    let bench = Bench::new();
    let ran = bench.train("runs/a", &["--epochs", "5"]);
    assert!(
        ran.stdout.contains("test") && ran.stdout.ends_with("runs/a\n"),
        "{ran:#?}"
    );
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert!(
        lines.len() == 2 + 5 && lines[1].contains("train loss"),
        "a heading, and a plain line an epoch: {ran:#?}"
    );
    for (epoch, line) in (1..).zip(&lines[2..]) {
        assert!(
            line.trim_start().starts_with(&format!("{epoch}/5 ")),
            "{line}"
        );
    }
    assert!(!ran.stderr.contains(['\x1b', '\r']), "{ran:#?}");

    let mut files: Vec<_> = fs::read_dir(bench.path("runs/a"))
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "checkpoint.safetensors",
            "config.toml",
            "curves.svg",
            "metrics.csv",
            "metrics.jsonl",
            "model.safetensors",
            "result.json"
        ]
    );
    let evaluated = bench
        .run(&["eval", "@runs/a", "--data", "data", "--json"])
        .succeeded();
    assert_eq!(evaluated.json()[0]["accuracy"], 1.0);
}

/// Live curves are for a terminal; on a pipe, the output is the same with and without `--live`.
#[test]
fn live_on_a_pipe_is_plain_lines() {
    let bench = Bench::new();
    let [plain, live] = [("a", &[][..]), ("b", &["--live"])].map(|(out, more)| {
        let ran = bench.train(out, more);
        // Everything but the seconds.
        let line = |line: &str| line.rsplit_once("  ").map(|(line, _)| line.to_owned());
        ran.stderr.lines().map(line).collect::<Vec<_>>()
    });
    assert_eq!(plain, live);
    assert_eq!(live.len(), 2 + 2, "{live:?}");
}

#[test]
fn events_have_the_promised_keys_in_order() {
    let bench = Bench::new();
    let ran = bench.train("a", &["--json"]);
    let lines: Vec<_> = ran.stdout.lines().collect();
    let figures = [
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "lr",
        "train_seconds",
    ];
    let wanted = [
        &[
            "event",
            "schema",
            "spec",
            "data",
            "parameters",
            "train_samples",
            "test_samples",
            "seed",
            "threads",
        ][..],
        &[&["event", "epoch"][..], &figures, &["test_seconds"]].concat(),
        &[&["event", "epoch"][..], &figures, &["test_seconds"]].concat(),
        &[&["event", "epochs"][..], &figures, &["test_seconds", "out"]].concat(),
    ];
    assert_eq!(
        lines.iter().map(|line| keys(line)).collect::<Vec<_>>(),
        wanted
    );

    let events = ran.json();
    assert_eq!(
        (&events[0]["train_samples"], &events[0]["test_samples"]),
        (&61.into(), &23.into())
    );
    assert_eq!(events[0]["parameters"], 36 * 3 + 3);
    assert_eq!(
        events[0]["spec"],
        "flatten linear(out_features=3, bias=true, init=uniform)"
    );
    assert_eq!(
        (&events[3]["test_loss"], &events[3]["out"]),
        (&events[2]["test_loss"], &"a".into())
    );

    let metrics = fs::read_to_string(bench.path("a/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().collect::<Vec<_>>(), lines[1..3]);
    let csv = fs::read_to_string(bench.path("a/metrics.csv")).unwrap();
    let columns: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [8, 8, 8]);
}

#[test]
fn the_same_seed_gives_the_same_files_on_any_number_of_threads() {
    let bench = Bench::new();
    let spec = "conv2d(4, 3) relu maxpool2d(2) flatten dropout(0.2) linear(3)";
    let train = |out, seed, threads| {
        let args = [
            "train",
            spec,
            "--data",
            "data",
            "--epochs",
            "2",
            "--batch-size",
            "7",
            "--quiet",
        ];
        let more = ["--out", out, "--seed", seed, "--threads", threads];
        bench.run(&[&args[..], &more].concat()).succeeded();
        ["model.safetensors", "config.toml"]
            .map(|file| fs::read(bench.path(out).join(file)).unwrap())
    };
    let first = train("a", "7", "1");
    assert_eq!(first, train("b", "7", "2"));
    assert_eq!(first, train("c", "7", "8"));
    assert_ne!(first[0], train("d", "8", "1")[0]);
}

#[test]
fn an_augmented_training_repeats_itself_and_differs_from_a_plain_one() {
    let bench = Bench::new();
    let train = |out, more: &[&str]| {
        bench.train(out, more);
        ["model.safetensors", "config.toml"]
            .map(|file| fs::read(bench.path(out).join(file)).unwrap())
    };
    let augment = ["--augment", "shift(1) rotate(10) elastic(5, 2) erase(0.2)"];
    let [model, config] = train("a", &[&augment[..], &["--threads", "1"]].concat());
    let again = train("b", &[&augment[..], &["--threads", "2"]].concat());
    assert_eq!([&model, &config], again.each_ref());

    let [plain, plain_config] = train("c", &[]);
    assert_ne!(model, plain);
    assert_ne!(
        model,
        train("d", &[&augment[..], &["--seed", "1"]].concat())[0]
    );
    let recorded = "augment = \"shift(pixels=1) rotate(degrees=10.0) elastic(alpha=5.0, sigma=2.0) \
                    erase(p=0.2, scale=(0.02, 0.33), ratio=(0.3, 3.3))\"\n";
    assert!(String::from_utf8(config).unwrap().contains(recorded));
    assert!(!String::from_utf8(plain_config).unwrap().contains("augment"));
}

#[test]
fn validation_images_are_held_out_and_choose_the_best() {
    let bench = Bench::new();
    let ran = bench.train("a", &["--val", "11", "--limit", "40", "--json"]);
    let events = ran.json();
    assert_eq!(
        (&events[0]["train_samples"], &events[0]["val_samples"]),
        (&40.into(), &11.into())
    );
    assert!(
        events[1..]
            .iter()
            .all(|event| event["val_loss"].is_f64() && event["val_accuracy"].is_f64())
    );
    assert!(bench.path("a/best.safetensors").exists());
    bench
        .run(&[
            "train",
            "flatten linear(3)",
            "--data",
            "data",
            "--val",
            "61",
        ])
        .failed(2, &["--val 61", "61 of 61"]);
}

/// A run with validation data stands for its best epoch, and every command says which one that is.
#[test]
fn a_run_is_its_best_epoch() {
    let bench = Bench::new();
    let more = ["--val", "11", "--epochs", "6", "--lr", "2", "--json"];
    let epochs = bench.train("a", &more).json();
    let epochs: Vec<_> = epochs
        .iter()
        .filter(|event| event["event"] == "epoch")
        .collect();
    let number = |event: &Value, key: &str| event[key].as_f64().unwrap();
    // The highest accuracy, then the lowest loss, then the first.
    let better = |a: &&&Value, b: &&&Value| {
        let accuracy = number(a, "val_accuracy").total_cmp(&number(b, "val_accuracy"));
        let loss = number(b, "val_loss").total_cmp(&number(a, "val_loss"));
        accuracy.then(loss)
    };
    let best = epochs.iter().rev().max_by(better).unwrap();
    assert_ne!(best["epoch"], 6, "the last epoch would be no test");

    let eval = |model: &str| bench.run(&["eval", model, "--json"]).succeeded().json()[0].clone();
    let found = eval("@a");
    assert_eq!(
        (&found["epoch"], &found["epochs"]),
        (&best["epoch"], &6.into())
    );
    assert_eq!(found["loss"], best["test_loss"]);
    let last = eval("@a/model.safetensors");
    assert_eq!(
        (&last["epoch"], &last["loss"]),
        (&Value::Null, &epochs[5]["test_loss"])
    );

    let said = format!(
        "epoch {} of 6, the best on the validation data",
        best["epoch"]
    );
    let text = bench.run(&["eval", "@a"]).succeeded().stdout;
    assert!(text.contains(&said), "{text}");
    let images = ["predict", "@a", "data/t10k-images-idx3-ubyte"];
    for args in [&images[..], &["export", "@a", "a.safetensors"]] {
        let noted = bench.run(args).succeeded().stderr;
        assert!(noted.contains(&format!("note: a: {said}")), "{noted}");
    }
    let read = |name: &str| fs::read(bench.path(name)).unwrap();
    assert_eq!(read("a.safetensors"), read("a/best.safetensors"));
}

/// The averaged weights are saved and evaluated after each epoch; the training itself is the same
/// without averaging.
#[test]
fn averaged_weights_are_what_is_saved() {
    let bench = Bench::new();
    let [plain, averaged] = ["sgd(lr=0.1)", "sgd(lr=0.1) ema(0.9)"].map(|optimizer| {
        let out = if optimizer.contains("ema") { "b" } else { "a" };
        let args = ["--optimizer", optimizer, "--val", "11", "--json"];
        bench.train(out, &args).json().pop().unwrap()
    });
    assert_eq!(plain["train_loss"], averaged["train_loss"]);
    assert_ne!(plain["test_loss"], averaged["test_loss"]);
    let judge = ["eval", "@b", "--data", "data", "--json"];
    let evaluated = bench.run(&judge).succeeded().json().pop().unwrap();
    assert_eq!(evaluated["loss"], averaged["test_loss"]);
    bench.train("c", &["--schedule", "warmup(3) plateau", "--val", "11"]);
}

#[test]
fn training_goes_on_from_given_weights() {
    let bench = Bench::new();
    bench.train("a", &["--epochs", "5"]);
    let on = bench.train(
        "b",
        &[
            "--weights",
            "a/model.safetensors",
            "--lr",
            "1e-30",
            "--json",
        ],
    );
    assert!(
        on.json()[1]["train_accuracy"].as_f64() > Some(0.9),
        "{on:#?}"
    );
    // Without `--weights`, only the spec of a model file is used.
    let args = [
        "train",
        "@a/model.safetensors",
        "--data",
        "data",
        "--epochs",
        "1",
        "--lr",
        "1e-30",
        "--out",
        "c",
        "--json",
    ];
    let anew = bench.run(&args).succeeded();
    assert!(
        anew.json()[1]["train_accuracy"].as_f64() < Some(0.9),
        "{anew:#?}"
    );
}

#[test]
fn runs_are_numbered_and_never_overwritten() {
    let bench = Bench::new();
    let args = [
        "train",
        "flatten linear(3)",
        "--data",
        "data",
        "--epochs",
        "1",
    ];
    for number in 1..=2 {
        let ran = bench.run(&args).succeeded();
        assert!(
            ran.stdout.ends_with(&format!("runs/{number}\n")),
            "{ran:#?}"
        );
    }
    let before = fs::read(bench.path("runs/1/model.safetensors")).unwrap();
    bench
        .run(&[&args[..], &["--seed", "1", "--out", "runs/1"]].concat())
        .failed(2, &["runs/1", "never overwritten"]);
    assert_eq!(
        before,
        fs::read(bench.path("runs/1/model.safetensors")).unwrap()
    );

    fs::write(bench.path("file"), "").unwrap();
    bench
        .run(&[&args[..], &["--out", "file/a"]].concat())
        .failed(6, &["file/a", "cannot be written"]);
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run() {
    let bench = Bench::new();
    let args = [
        "train",
        "flatten linear(9) linear(3)",
        "--data",
        "data",
        "--loss",
        "euclidean",
        "--lr",
        "1e9",
        "--out",
        "a",
        "--json",
    ];
    let ran = bench.run(&[&args[..], &["--epochs", "50"]].concat());
    assert_eq!(ran.code, Some(5), "{ran:#?}");
    assert!(
        ran.stderr.contains("isn't finite") && ran.stderr.contains("--lr"),
        "{ran:#?}"
    );
    let lines: Vec<_> = ran.stdout.lines().collect();
    let last = lines.last().unwrap();
    let start = keys(last)[..4].to_vec();
    assert_eq!(start, ["event", "epoch", "step", "layer"]);
    let event = &ran.json()[lines.len() - 1];
    assert_eq!(event["event"], "diverged");
    // The model file is that of the last finished epoch.
    if bench.path("a/model.safetensors").exists() {
        bench.run(&["eval", "@a", "--data", "data"]).succeeded();
    }
}

/// After one large step the weights are still finite, but the model's outputs are not.
const OVERFLOWS: [&str; 14] = [
    "train",
    "flatten linear(64) linear(64) linear(3)",
    "--data",
    "data",
    "--batch-size",
    "61",
    "--epochs",
    "1",
    "--lr",
    "1e15",
    "--out",
    "a",
    "--loss",
    "cross_entropy",
];

#[test]
fn an_evaluation_that_overflows_ends_the_run() {
    let bench = Bench::new();
    for (out, more) in [
        ("a", &[][..]),
        ("b", &["--profile"]),
        ("c", &["--val", "20", "--schedule", "plateau"]),
        ("d", &["--optimizer", "sgd ema"]),
    ] {
        let mut args = OVERFLOWS.to_vec();
        args[11] = out;
        let ran = bench.run(&[&args[..], more, &["--json"]].concat());
        assert_eq!(ran.code, Some(5), "{ran:#?}");
        let parts = [
            "error: epoch 1, step 0: in the evaluation on the test data after it, the model's output isn't finite; the first non-finite value came from `",
            "linear`",
            "no epoch was finished, so there is no model file",
        ];
        for part in parts {
            assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
        }
        let events = ran.json();
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["step"]),
            (&"diverged".into(), &0.into())
        );
        assert!(last["layer"].as_str().unwrap().ends_with("linear"));
        assert!(!bench.path(out).join("model.safetensors").exists());
        assert_eq!(
            fs::read_to_string(bench.path(out).join("metrics.jsonl")).unwrap(),
            ""
        );
    }
}

#[test]
fn advice_depends_on_what_was_given() {
    let bench = Bench::new();
    let mut out = 0;
    let mut advice = |more: &[&str]| {
        out += 1;
        let name = out.to_string();
        let mut args = OVERFLOWS.to_vec();
        (args[9], args[11]) = ("1e38", &name);
        let ran = bench.run(&[&args[..], more].concat());
        assert_eq!(ran.code, Some(5), "{ran:#?}");
        let resumed = bench
            .run(&["train", "--resume", &name])
            .failed(2, &["diverged"]);
        let of = |ran: &Ran| {
            let start = ran.stderr.find("try a smaller `--lr`").unwrap();
            let end = ran.stderr[start..].find([';', '\n']).unwrap();
            ran.stderr[start..start + end].to_string()
        };
        assert_eq!(of(&ran), of(&resumed));
        of(&ran)
    };
    let clip = "try a smaller `--lr`, or `--max-grad-norm 1`";
    assert_eq!(advice(&[]), clip);
    assert_eq!(advice(&["--schedule", "warmup(1) constant"]), clip);
    let warm = "try a smaller `--lr`, or a warmup: `--schedule \"warmup(500) constant\"`";
    assert_eq!(advice(&["--max-grad-norm", "1"]), warm);
    assert_eq!(advice(&["--optimizer", "clip_norm(1) sgd"]), warm);
    let both = ["--max-grad-norm", "1", "--schedule", "warmup(1) constant"];
    assert_eq!(advice(&both), "try a smaller `--lr`");
}

#[test]
fn a_softmax_before_a_loss_with_its_own_is_warned_of() {
    let bench = Bench::new();
    let args = [
        "train",
        "flatten linear(3) softmax",
        "--data",
        "data",
        "--epochs",
        "1",
        "--out",
    ];
    let ran = bench.run(&[&args[..], &["a"]].concat()).succeeded();
    let wanted =
        "  │ flatten linear(3) softmax\n  │                   ^^^^^^^ help: leave `softmax` out\n";
    assert!(
        ran.stderr.starts_with(&format!("{READ_AS}warning: ")) && ran.stderr.contains(wanted),
        "{ran:#?}"
    );
    let quiet = bench.run(&[&args[..], &["b", "-q"]].concat()).succeeded();
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_loss_for_another_number_of_classes_is_refused_before_anything_else() {
    let bench = Bench::new();
    bench.train("a", &["--loss", "cross_entropy(weight=(1, 2, 0.5))"]);
    let wanted = "\
error: `weight` has 2 values; expected one for each of the 3 classes, or one for all
  ┌ --loss
  │ nll((1, 2))
  │ ^^^^^^^^^^^
";
    for command in [
        &["train", "flatten linear(3)", "--out", "b"][..],
        &["eval", "@a"],
    ] {
        let args = [command, &["--data", "data", "--loss", "nll((1, 2))"]].concat();
        let ran = bench.run(&args).failed(2, &[]);
        assert_eq!(ran.stderr, format!("{READ_AS}{wanted}"));
    }
    assert!(!bench.path("b").exists());
}

#[test]
fn a_reader_that_goes_away_does_not_end_a_training() {
    let bench = Bench::new();
    let args = [
        "train",
        "flatten linear(3)",
        "--data",
        "data",
        "--epochs",
        "30",
        "--out",
        "a",
        "--json",
    ];
    let mut child = bench
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = Ran::new(child.wait_with_output().unwrap()).succeeded();
    assert!(!ran.stderr.contains("error"), "{ran:#?}");
    assert_eq!(
        fs::read_to_string(bench.path("a/metrics.jsonl"))
            .unwrap()
            .lines()
            .count(),
        30
    );
}

#[test]
fn a_profile_shows_each_layer_and_changes_no_result() {
    let bench = Bench::new();
    let plain = bench.train("a", &[]);
    let profiled = bench.train("b", &["--profile"]);
    for part in [
        "microseconds per step",
        "gather",
        "update",
        "total",
        "GFLOP/s",
    ] {
        assert!(profiled.stdout.contains(part), "{part}: {profiled:#?}");
        assert!(!plain.stdout.contains(part), "{part}: {plain:#?}");
    }
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("a"), model("b"));

    let events = bench.train("c", &["--profile", "--json"]).json();
    let profile = events
        .iter()
        .find(|event| event["event"] == "profile")
        .unwrap();
    let parts = profile["parts"].as_array().unwrap();
    let share: f64 = parts
        .iter()
        .map(|part| part["share"].as_f64().unwrap())
        .sum();
    assert!((share - 1.0).abs() < 1e-9, "{profile}");
    assert_eq!(events.last().unwrap()["event"], "done");
}

/// Speed times time gives the number of operations: that of the actual number of images, whatever
/// the batch size.
#[test]
fn a_profile_counts_the_images_that_were_in_a_step() {
    let bench = Bench::new();
    for (batch, steps) in [("7", 9 * 2), ("61", 2), ("60000", 2)] {
        let more = ["--batch-size", batch, "--profile", "--json"];
        let events = bench.train(&format!("b{batch}"), &more).json();
        let profile = events.iter().find(|event| event["event"] == "profile");
        let parts = profile.unwrap()["parts"].as_array().unwrap();
        let linear = parts.iter().find(|part| !part["gflops"].is_null()).unwrap();
        let number = |key: &str| linear[key].as_f64().unwrap();
        let microseconds = number("forward_microseconds") + number("backward_microseconds");
        let work = number("gflops") * 1e9 * microseconds * 1e-6 * f64::from(steps);
        // The output and the weight gradient, with a multiplication and an addition each, over two
        // epochs.
        let wanted = f64::from(2 * 2 * 36 * 3 * 61 * 2);
        assert!((work / wanted - 1.0).abs() < 1e-9, "{batch}: {work}");
    }
}

#[test]
fn memory_is_that_of_the_largest_batch_there_is() {
    let bench = Bench::new();
    let needed = |batch: &str| {
        let args = [
            "train",
            "flatten linear(3)",
            "--data",
            "data",
            "--batch-size",
            batch,
            "--max-memory",
            "1KB",
        ];
        bench.run(&args).failed(2, &["`--max-memory`"]).stderr
    };
    assert_ne!(needed("7"), needed("61"));
    assert_eq!(needed("60000"), needed("61"));
}

/// The number of bytes written per epoch doesn't depend on the number of epochs so far.
#[test]
fn an_epoch_writes_the_same_after_many_others() {
    let bench = Bench::new();
    let written = |epochs: &str| {
        let args = [
            "train",
            "flatten linear(3)",
            "--data",
            "data",
            "--limit",
            "1",
            "--val",
            "3",
            "--batch-size",
            "1",
            "--lr",
            "0.0001",
            "-q",
            "--out",
            epochs,
            "--epochs",
            epochs,
        ];
        let mut child = bench.command(&args).stdout(Stdio::null()).spawn().unwrap();
        let folder = format!("/proc/{}", child.id());
        // A zombie process keeps its I/O statistics until it is waited for.
        let is_zombie = |stat: String| stat.rsplit(") ").next().unwrap().starts_with('Z');
        while !is_zombie(fs::read_to_string(format!("{folder}/stat")).unwrap()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let account = fs::read_to_string(format!("{folder}/io")).unwrap();
        assert!(child.wait().unwrap().success());
        let bytes = account
            .lines()
            .find_map(|line| line.strip_prefix("wchar: "));
        bytes.unwrap().parse::<f64>().unwrap()
    };
    let [few, some, many] = ["20", "120", "220"].map(written);
    let (early, late) = (some - few, many - some);
    assert!(
        late < 1.05 * early,
        "{early} bytes in epochs 21 to 120, {late} in the next hundred"
    );
}

/// The normalization of the training data is stored in the model file, which every command applies.
#[test]
fn standardized_pixels_are_those_of_the_training_data() {
    let bench = Bench::new();
    bench.train(
        "a",
        &["--normalize", "standardize", "--val", "0.2", "--json"],
    );
    let config = fs::read_to_string(bench.path("a/config.toml")).unwrap();
    assert!(
        config.contains("normalize = \"standardize\"") && config.contains("val = 0.2"),
        "{config}"
    );
    assert!(!config.contains("mean = 0.0"), "{config}");
    let metrics = fs::read_to_string(bench.path("a/metrics.jsonl")).unwrap();
    let trained: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    for model in ["@a", "@a/model.safetensors"] {
        let args = ["eval", model, "--data", "data", "--json"];
        let found = &bench.run(&args).succeeded().json()[0];
        assert_eq!(found["loss"], trained["test_loss"], "{model}");
    }
    bench
        .run(&["train", "--resume", "a", "--epochs", "3"])
        .succeeded();
    for wrong in ["whiten", "scale(2)"] {
        let args = [
            "train",
            "flatten linear(3)",
            "--data",
            "data",
            "--normalize",
            wrong,
        ];
        bench
            .run(&args)
            .failed(2, &["--normalize", "must be `scale` or `standardize`"]);
    }
}
