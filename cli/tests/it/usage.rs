//! Invalid requests are rejected before any work is done, with a helpful message.

use std::process::Stdio;

use crate::common::{Bench, Ran};

/// Invalid options are found before data is read; there is none here.
#[test]
fn numbers_are_in_range_before_data_is_read() {
    let bench = Bench::new();
    let cases = [
        ("--epochs", &["0", "-1", "x", "1.5", ""][..], "1 to 1000000"),
        ("--batch-size", &["0", "-3"], "1 to 65536"),
        ("--threads", &["0", "1025"], "1 to 1024"),
        ("--val", &["0"], "1 to"),
        ("--limit", &["0"], "1 to"),
        (
            "--seed",
            &["-1", "99999999999999999999"],
            "0 to 9223372036854775807",
        ),
        (
            "--lr",
            &["nan", "-0.1", "inf", "-inf", "1e400", "0", "abc"],
            "finite number above 0",
        ),
    ];
    for (flag, values, range) in cases {
        for value in values {
            bench
                .run(&["train", "--data", "missing", flag, value])
                .failed(2, &[flag, range]);
        }
    }
    let texts = [
        ("--optimizer", "sgd(momentum=1.5)", "`momentum`"),
        ("--optimizer", "sgd(weight_decay=-1)", "`weight_decay`"),
        ("--optimizer", "adam(betas=(0.9, 1.0))", "`betas`"),
        ("--optimizer", "clip_norm(1)", "learning rate"),
        ("--loss", "cross_entropy mse", "second loss"),
        ("--schedule", "cosinus", "did you mean `cosine`?"),
        ("--augment", "rotat(5)", "did you mean `rotate`?"),
        ("--augment", "scale(2, 1)", "from 2 down to 1"),
    ];
    for (flag, text, part) in texts {
        bench
            .run(&["train", "--data", "missing", flag, text])
            .failed(2, &[part, &format!("┌ {flag}\n")]);
    }
    for loss in ["hinge", "focal(gamma=1)"] {
        let mixing = ["--augment", "hflip cutmix", "--loss", loss];
        bench
            .run(&[&["train", "--data", "missing"], &mixing[..]].concat())
            .failed(2, &["mixed targets", "┌ --loss\n", "`cross_entropy`"]);
    }
}

#[test]
fn errors_of_a_spec_are_shown_under_the_text() {
    let bench = Bench::new();
    let text = "conv2d(8, 5, padding=2) relu maxpol2d(2) flatten linear(10)";
    let ran = bench
        .run(&["train", text, "--data", "missing"])
        .failed(2, &[]);
    let wanted = "\
error: unknown layer `maxpol2d`
  │ conv2d(8, 5, padding=2) relu maxpol2d(2) flatten linear(10)
  │                              ^^^^^^^^ help: did you mean `maxpool2d`?
";
    assert_eq!(ran.stderr, wanted);

    let text = "conv2d(16, 5, padding=2) relu maxpool2d(2) linear(10)";
    let ran = bench
        .run(&["summary", text, "--input", "1x14x14"])
        .failed(2, &[]);
    let wanted = "\
error: `linear(10)` takes [features], but gets [16, 7, 7] from `maxpool2d(2)`
  │ conv2d(16, 5, padding=2) relu maxpool2d(2) linear(10)
  │                                            ^^^^^^^^^^ help: put `flatten` before it
";
    assert_eq!(ran.stderr, wanted);
}

#[test]
fn all_errors_of_a_spec_are_shown_at_once() {
    let bench = Bench::new();
    let ran = bench
        .run(&["summary", "relo flatten linear(0) dropuot"])
        .failed(2, &["`relo`", "`out_features`", "`dropuot`"]);
    assert_eq!(ran.stderr.matches("error: ").count(), 3, "{ran:#?}");
}

#[test]
fn bad_specs_are_refused_with_their_place() {
    let bench = Bench::new();
    let specs = [
        "",
        "# nothing",
        "reluu",
        "Conv2D(8,5)",
        "linear(10) extra)",
        "conv2d(8, 3, stride=0)",
        "maxpool2d(2, stride=0)",
        "maxpool2d(0)",
        "conv2d(8，5)",
        "linear(10)é",
        "rélu",
        "relu\u{a0}relu",
        "relu \u{202e}relu",
        "maxpool2d(2) maxpool2d(2) maxpool2d(2) maxpool2d(2) maxpool2d(2)",
        "conv2d(8, 29)",
        "conv2d(8, 5, dilation=8)",
        "linear({1, 2})",
        "mlp(1)",
        "3*[relu",
        "linear(99999999999999999999)",
        "flatten 9*linear(1000000)",
    ];
    for spec in specs {
        let ran = bench
            .run(&["summary", spec])
            .failed(2, &["error: ", "│", "^"]);
        assert!(!ran.stderr.contains('\u{202e}'), "{ran:#?}");
    }
}

#[test]
fn a_spec_in_a_file_is_shown_with_its_place() {
    let bench = Bench::new();
    std::fs::write(bench.path("net.spec"), "flatten\n# wide\nlinear(9) rellu\n").unwrap();
    let ran = bench.run(&["summary", "@net.spec"]).failed(2, &[]);
    let wanted = "error: unknown layer `rellu`\n  ┌ net.spec:3\n  │ linear(9) rellu\n  │           ^^^^^ help: did you mean `relu`?\n";
    assert_eq!(ran.stderr, wanted);
    std::fs::write(bench.path("net.spec"), [0xff, 0xfe]).unwrap();
    bench
        .run(&["summary", "@net.spec"])
        .failed(2, &["net.spec", "UTF-8"]);
    bench
        .run(&["summary", "@missing.spec"])
        .failed(2, &["missing.spec"]);
    bench
        .run(&["summary", "@missing.safetensors"])
        .failed(4, &["missing.safetensors"]);
    bench
        .run(&["summary", "@data"])
        .failed(4, &["data", "model.safetensors"]);
}

#[test]
fn commands_that_need_weights_say_so() {
    let bench = Bench::new();
    bench
        .run(&["eval", "mlp", "--data", "missing"])
        .failed(2, &["no weights", "@runs/1", "--weights"]);
    bench
        .run(&["predict", "mlp", "missing.png"])
        .failed(2, &["no weights"]);
    std::fs::create_dir_all(bench.path("runs/1")).unwrap();
    bench
        .run(&["eval", "runs/1"])
        .failed(2, &["path", "`@runs/1`"]);
}

#[test]
fn the_output_must_be_the_classes_of_the_data() {
    let bench = Bench::new();
    bench
        .run(&["train", "flatten linear(7)", "--data", "data"])
        .failed(
            2,
            &["3 classes", "outputs 7", "help: end with `linear(classes)`"],
        );
    bench
        .run(&["train", "conv2d(3, 3)", "--data", "data"])
        .failed(2, &["│ conv2d(3, 3)", "end with `flatten linear(classes)`"]);
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    let bench = Bench::new();
    let has_colour = |args: &[&str]| {
        bench
            .run(&[&["summary", "rellu"], args].concat())
            .stderr
            .contains('\x1b')
    };
    assert!(!has_colour(&[]), "stderr is no terminal");
    assert!(!has_colour(&["--color", "never"]));
    assert!(has_colour(&["--color", "always"]));
    assert!(has_colour(&["--color=always"]));
}

#[test]
fn every_help_fits_a_screen_and_has_an_example() {
    let bench = Bench::new();
    let all = bench.run(&["--help"]).succeeded().stdout;
    assert_eq!(bench.run(&[]).succeeded().stdout, all);
    let listed = all
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let commands: Vec<_> = listed
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        commands.contains(&"train") && commands.len() > 10,
        "{commands:?}"
    );
    for command in commands.iter().filter(|command| **command != "help") {
        let help = bench.run(&[command, "--help"]).succeeded().stdout;
        assert!(
            help.lines().count() <= 45,
            "{command}: {} lines",
            help.lines().count()
        );
        assert!(help.contains("Example:\n  tapeline "), "{command}: {help}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let bench = Bench::new();
    for args in [
        &["layers"][..],
        &["summary", "100*relu"],
        &["data"],
        &["completions", "bash"],
        &["--help"],
        &[],
    ] {
        let mut child = bench
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran = Ran::new(child.wait_with_output().unwrap()).succeeded();
        assert_eq!(ran.stderr, "", "{args:?}");
    }
}

/// A run that needs too much memory is rejected before anything is written or trained, with a
/// breakdown of its memory use.
#[test]
fn a_training_that_needs_more_memory_than_it_may_is_refused() {
    let bench = Bench::new();
    let wide = "flatten linear(4000) linear(3)";
    let train = ["--data", "data", "--epochs", "1", "--out", "run"];
    let parts = [
        "`--max-memory` allows 1.00 MB",
        "parameters 640 KB",
        "gradients 640 KB",
        "optimizer 1.28 MB",
    ];
    let args = ["train", wide, "--optimizer", "adam", "--max-memory", "1MB"];
    bench.run(&[&args, &train[..]].concat()).failed(2, &parts);
    assert!(!bench.path("run").exists());

    let many = [
        "train",
        "conv2d(64, 1) flatten linear(3)",
        "--batch-size",
        "60000",
        "--max-memory",
        "300KB",
    ];
    bench
        .run(&[&many, &train[..]].concat())
        .failed(2, &["a smaller `--batch-size`"]);
    let compare = ["compare", wide, "--jobs", "3", "--max-memory", "4MB"];
    bench
        .run(&[&compare, &train[..]].concat())
        .failed(2, &["3 times", "fewer `--jobs`"]);

    let enough = ["train", wide, "--max-memory", "100MB"];
    bench.run(&[&enough, &train[..]].concat()).succeeded();
    let config = std::fs::read_to_string(bench.path("run/config.toml")).unwrap();
    assert!(!config.contains("memory"), "{config}");
}

/// Sizes beyond any machine are rejected without allocating memory.
#[test]
fn absurd_sizes_are_refused() {
    let bench = Bench::new();
    for (spec, part) in [
        ("linear(100000000)", "`out_features`"),
        ("flatten linear(1000000) linear(1000000)", "parameters"),
        ("flatten 30*linear(1000000)", "parameters"),
        ("20*upsample2d(scale_factor=1000)", "values for one sample"),
        ("conv2d(1048576, 1)", "values for one sample"),
    ] {
        for command in ["summary", "train"] {
            bench.run(&[command, spec]).failed(2, &[part]);
        }
    }
    // An image padded to 4·10¹² pixels, of which only three times three are used.
    let padded =
        "conv2d(1, 1, stride=1048576, padding=1048576, padding_mode=replicate) flatten linear(10)";
    bench
        .run(&["train", padded, "--max-memory", "1GB"])
        .failed(2, &["padded image", "values for one sample"]);
    for size in ["5", "-1GB", "0MB", "much"] {
        bench
            .run(&["train", "--max-memory", size])
            .failed(2, &["--max-memory", "2GB"]);
    }
}
