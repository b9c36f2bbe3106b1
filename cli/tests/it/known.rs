//! Properties that a MODEL provides need not be specified again: every command with every kind of
//! MODEL.

use std::fs;

use serde_json::Value;

use crate::common::{Bench, READ_AS, Ran};

/// A shape that only fits images of 6x6 pixels, and a loss that is not the default.
const SPEC: &str = "reshape((36)) linear(3) log_softmax";

const LOSS: &str = "nll(weight=(0.5, 2.0, 1.0))";

/// A bench with a run, a copy of its model file outside the run folder, and its spec in a file.
fn bench() -> Bench {
    let bench = Bench::new();
    let train = [
        "train",
        SPEC,
        "--data",
        "data",
        "--transpose",
        "--epochs",
        "1",
        "--loss",
        LOSS,
        "--out",
        "run",
        "--batch-size",
        "7",
        "-q",
    ];
    bench.run(&train).succeeded();
    fs::copy(
        bench.path("run/model.safetensors"),
        bench.path("m.safetensors"),
    )
    .unwrap();
    fs::write(bench.path("net.spec"), SPEC).unwrap();
    fs::write(bench.path("config.toml"), "name = \"of something else\"\n").unwrap();
    bench
}

/// The kinds of MODEL; the last two refer to the run.
const KINDS: [&str; 5] = [
    SPEC,
    "@net.spec",
    "@m.safetensors",
    "@run",
    "@run/model.safetensors",
];

#[test]
fn each_command_takes_what_a_model_knows() {
    let bench = bench();
    let images = "data/t10k-images-idx3-ubyte";
    for (kind, model) in KINDS.into_iter().enumerate() {
        let (knows_input, knows_data) = (kind >= 2, kind >= 3);
        let weights: &[&str] = match kind {
            0 | 1 => &["--weights", "m.safetensors"],
            _ => &[],
        };
        let input: &[&str] = if knows_input {
            &[]
        } else {
            &["--input", "1x6x6"]
        };
        let run = |args: &[&[&str]]| bench.run(&args.concat());
        // Commands that take an input shape use the one that the model provides, and report an
        // error if there is none.
        let out = format!("{kind}.onnx");
        for (args, rest) in [
            (vec!["summary", model], &[][..]),
            (vec!["check", model], &[]),
            (vec!["export", model, &out], weights),
            (vec!["predict", model, images], weights),
        ] {
            run(&[&args, rest, input]).succeeded();
            if !knows_input {
                run(&[&args, rest]).failed(2, &["784 values don't fill"]);
            }
        }

        // Commands that take data.
        let data: &[&str] = if knows_data {
            &[]
        } else {
            &["--data", "data", "--transpose"]
        };
        let loss: &[&str] = if knows_data { &[] } else { &["--loss", LOSS] };
        let evaluated = run(&[&["eval", model, "--json"], weights, data, loss]).succeeded();
        let found: &Value = &evaluated.json()[0];
        assert_eq!(
            (&found["data"], &found["loss_function"]),
            (&"data".into(), &LOSS.into())
        );
        let metrics = fs::read_to_string(bench.path("run/metrics.jsonl")).unwrap();
        let trained: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        assert_eq!(found["loss"], trained["test_loss"], "{model}");
        assert_eq!(evaluated.stderr, READ_AS, "{model}");

        let out = format!("train-{kind}");
        let train = [
            "train", model, "--epochs", "1", "--loss", LOSS, "--out", &out, "--json",
        ];
        let begun = run(&[&train, data]).succeeded();
        assert_eq!(begun.json()[0]["data"], "data", "{model}");
        let is_announced = begun
            .stderr
            .contains("using the dataset of run: `data`, transposed");
        assert_eq!(is_announced, knows_data, "{begun:#?}");
        let config = fs::read_to_string(bench.path(&out).join("config.toml")).unwrap();
        assert!(config.contains("transpose = true"), "{config}");
        let out = format!("compare-{kind}");
        let compare = [
            "compare", model, "--epochs", "1", "--seeds", "1", "--loss", LOSS, "--out", &out,
        ];
        run(&[&compare, data]).succeeded();
    }
    // A comparison also finds the data of its runs.
    let collected = ["compare", "--collect", "compare-3"];
    bench.run(&collected).succeeded();
    let page = fs::read_to_string(bench.path("compare-3/report.html")).unwrap();
    assert!(page.contains("Confusion matrix"), "the page has evidence");
}

#[test]
fn an_option_goes_before_what_is_known() {
    let bench = bench();
    bench.data("other", 6, 9, 6);
    bench.data("large", 8, 9, 6);
    let eval = |args: &[&str]| bench.run(&[&["eval", "@run", "--json"], args].concat());
    let data = |ran: Ran| ran.succeeded().json()[0]["data"].clone();
    assert_eq!(data(eval(&["--data", "other"])), "other");
    assert_eq!(data(eval(&["--data", "data"])), "data");
    let loss = |args: &[&str]| eval(args).succeeded().json()[0]["loss"].clone();
    let other = ["--data", "other"];
    // For other data nothing is known; for the run's own data, the orientation is.
    assert_eq!(loss(&["--data", "data"]), loss(&[]));
    assert_ne!(loss(&["--transpose=false"]), loss(&[]));
    assert_ne!(loss(&[&other[..], &["--transpose"]].concat()), loss(&other));
    let found = eval(&["--loss", "cross_entropy"]).succeeded().json()[0]["loss_function"].clone();
    assert!(
        found.as_str().unwrap().starts_with("cross_entropy("),
        "{found}"
    );
    eval(&["--data", "large"]).failed(
        3,
        &[
            "large: images are 1x8x8, but the model takes 1x6x6",
            "`--data`",
        ],
    );
    for command in ["summary", "check"] {
        bench
            .run(&[command, "@run", "--input", "1x8x8"])
            .failed(2, &["64 values don't fill [36]"]);
    }
    let train = ["train", "@run", "--data", "large", "--out", "a"];
    bench.run(&train).failed(2, &["64 values don't fill"]);
}

#[test]
fn data_of_a_run_that_changed_or_went_are_told_of() {
    let bench = bench();
    bench.data("new", 6, 40, 20);
    bench.train("second", &["--data", "data"]);
    fs::rename(bench.path("data"), bench.path("old")).unwrap();
    let missing = [
        "run was trained on `data`, transposed",
        "no such file or folder",
        "`--data`",
    ];
    bench.run(&["eval", "@run"]).failed(3, &missing);
    bench
        .run(&["train", "@run", "--out", "a"])
        .failed(3, &missing);
    bench
        .run(&["eval", "@run", "--data", "old", "--transpose"])
        .succeeded();

    fs::rename(bench.path("new"), bench.path("data")).unwrap();
    for args in [
        &["eval", "@run"][..],
        &["train", "@run", "--epochs", "1", "--out", "b"],
    ] {
        let ran = bench.run(args).succeeded();
        let changed = "warning: data: the data have changed since run was trained on them";
        assert!(ran.stderr.contains(changed), "{ran:#?}");
    }
    let two = ["compare", "@run", "@second", "--plan", "--out", "c"];
    bench.run(&two).failed(
        2,
        &[
            "run was trained on `data`, transposed, and second on `data`",
            "`--data`",
        ],
    );
}

/// A model file records the class names, but not the data it was trained on.
#[test]
fn a_model_file_is_not_measured_on_data_it_may_not_know() {
    let bench = bench();
    bench.run(&["eval", "@m.safetensors"]).failed(
        2,
        &[
            "its classes are 0, 1, 2, those of mnist 0, 1, 2, …",
            "`--data`",
        ],
    );
}

/// IDX files are transposed as the run's data were; pictures never are.
#[test]
fn images_are_transposed_as_those_of_the_run_were() {
    let bench = bench();
    let predict = |model: &str, more: &[&str]| {
        let args = ["predict", model, "data/t10k-images-idx3-ubyte", "--json"];
        bench.run(&[&args, more].concat()).succeeded().stdout
    };
    let (transposed, plain) = (
        predict("@m.safetensors", &["--transpose"]),
        predict("@m.safetensors", &[]),
    );
    assert_ne!(transposed, plain);
    assert_eq!(predict("@run", &[]), transposed);
    assert_eq!(predict("@run", &["--transpose=false"]), plain);
}

/// If the number of outputs differs from the number of classes, every command reports the same
/// error and help.
#[test]
fn outputs_are_the_classes_of_the_data_everywhere() {
    let bench = Bench::new();
    bench.train("run", &[]);
    // Data with four classes, and with three classes counted from 1.
    for (name, labels) in [("four", [0, 1, 2, 3]), ("from-1", [1, 2, 3, 1])] {
        bench.data(name, 6, 4, 4);
        for part in ["train", "t10k"] {
            let file = bench.path(name).join(format!("{part}-labels-idx1-ubyte"));
            fs::write(file, [&[0, 0, 8, 1, 0, 0, 0, 4][..], &labels].concat()).unwrap();
        }
    }
    let wanted = [
        "the data has 4 classes, but this model outputs 3",
        "help: end with `linear(classes)`",
    ];
    let spec = "flatten linear(3)";
    let commands: [&[&str]; 4] = [
        &["train", spec, "--out", "a"],
        &["train", "@run", "--out", "a"],
        &["eval", "@run"],
        &["compare", spec, "--out", "b"],
    ];
    for command in commands {
        let on = |data| bench.run(&[command, &["--data", data]].concat());
        on("four").failed(2, &wanted);
        on("from-1").failed(
            3,
            &["from-1: labels begin at 1", "subtract 1 from each label"],
        );
    }
    // Ten outputs are not accepted as a superset of four.
    bench
        .run(&["train", "flatten linear(10)", "--data", "four"])
        .failed(2, &["has 4 classes", "outputs 10", "`linear(classes)`"]);
    // A subset of the images keeps all classes of the dataset.
    let limited = [
        "train",
        "flatten linear(4)",
        "--data",
        "four",
        "--limit",
        "1",
        "--epochs",
        "1",
    ];
    bench.run(&limited).succeeded();
}
