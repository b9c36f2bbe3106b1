//! Tests of `tapeline check`.

use crate::common::Bench;

#[test]
fn each_layer_of_a_spec_is_checked_and_then_all_of_them() {
    let bench = Bench::new();
    let spec = "conv2d(2, 3) batchnorm2d relu flatten linear(3)";
    let ran = bench
        .run(&["check", spec, "--input", "1x5x4", "--json"])
        .succeeded();
    let rows = ran.json();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "0 conv2d(2, 3) on 1x5x4",
            "1 batchnorm2d on 2x3x2",
            "2 relu on 2x3x2",
            "3 flatten on 2x3x2",
            "4 linear(3) on 12",
            "whole model",
        ]
    );
    for row in &rows {
        assert_eq!(row["failed"], 0);
        assert!(row["checks"].as_u64().unwrap() >= 10, "{row}");
        assert!(row["mutants"].as_u64().unwrap() > 5, "{row}");
        assert!(row["worst"].as_f64().unwrap() < 1e-7, "{row}");
    }
    let text = bench.run(&["check", spec, "--input", "1x5x4", "-v"]);
    let text = text.succeeded().stdout;
    for part in ["ok", "gradients", "refusals", "6 passed, 0 failed"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn a_spec_or_everything_is_to_be_checked() {
    let bench = Bench::new();
    bench.run(&["check"]).failed(2, &["MODEL"]);
    bench.run(&["check", "relu", "--all"]).failed(2, &["--all"]);
    bench
        .run(&["check", "linear(3)"])
        .failed(2, &["`linear(3)` takes [features]", "^^^^^^^^^"]);
}

/// All layers and losses pass, and the page of mutants is that of the current layers and mutations.
#[test]
fn everything_passes_and_the_page_of_mutants_is_current() {
    let page = Bench::new()
        .run(&["check", "--all", "--mutants"])
        .succeeded();
    assert!(
        page.stdout == include_str!("../../../docs/mutants.md"),
        "docs/mutants.md is out of date: `tapeline check --all --mutants > docs/mutants.md`"
    );
}
