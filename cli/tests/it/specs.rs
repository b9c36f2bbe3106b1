//! Files of specs: definitions, and their canonical layout.

use std::{fs, io::Write, process::Stdio};

use crate::common::{Bench, Ran};

const LIBRARY: &str = "\
# Two networks.
let hidden(n) = [ linear(n) relu ];
let narrow = [ flatten hidden(4) linear(classes) ];
let wide = [ flatten 2*hidden(8) linear(features/2-1) ];
";

#[test]
fn a_definition_is_picked_from_a_file() {
    let bench = Bench::new();
    fs::write(bench.path("nets.spec"), LIBRARY).unwrap();
    let ran = bench
        .run(&["summary", "@nets.spec#wide", "--input", "1x6x6", "--json"])
        .succeeded();
    assert!(
        ran.stdout.contains("linear(out_features=3,"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("hidden"), "{}", ran.stdout);

    let ran = bench.run(&["summary", "@nets.spec#wid"]);
    assert_eq!(ran.code, Some(2));
    for part in ["nets.spec", "`wid`", "did you mean `wide`?"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = bench.run(&["summary", "@nets.spec"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("after the definitions"),
        "{}",
        ran.stderr
    );
}

/// The spec of a saved model contains neither definitions nor sizes of inputs.
#[test]
fn a_saved_model_has_everything_written_out() {
    let bench = Bench::new();
    fs::write(bench.path("nets.spec"), LIBRARY).unwrap();
    bench
        .run(&[
            "train",
            "@nets.spec#wide",
            "--data",
            "data",
            "--epochs",
            "1",
            "--out",
            "run",
        ])
        .succeeded();
    let config = fs::read_to_string(bench.path("run/config.toml")).unwrap();
    assert!(config.contains("linear(out_features=3,"), "{config}");
    assert!(
        !config.contains("features/") && !config.contains("hidden"),
        "{config}"
    );
    bench.run(&["eval", "@run", "--data", "data"]).succeeded();
}

#[test]
fn an_error_in_a_definition_shows_both_places() {
    let bench = Bench::new();
    let text = "let a(n) = [ linear(n/2) ]; flatten a(4) a(5)";
    let ran = bench.run(&["summary", text]);
    assert_eq!(ran.code, Some(2));
    for part in ["5 / 2 leaves a remainder of 1", "note: `a` is used here"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = bench.run(&["summary", "let a = [ linear(features/5) ]; flatten a"]);
    for part in ["784 / 5 leaves a remainder of 4", "note: `a` is used here"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = bench.run(&["summary", "linear(features)"]);
    assert!(
        ran.stderr.contains("put `flatten` before it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn files_are_laid_out() {
    let bench = Bench::new();
    let file = bench.path("net.spec");
    fs::write(&file, "flatten   linear(3)# the end\n").unwrap();
    let check = bench.run(&["fmt", "--check", "net.spec"]);
    assert_eq!(check.code, Some(1));
    assert!(
        check.stderr.contains("net.spec: not formatted"),
        "{}",
        check.stderr
    );
    bench.run(&["fmt", "net.spec"]).succeeded();
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "flatten linear(3)  # the end\n"
    );
    bench.run(&["fmt", "--check", "net.spec"]).succeeded();

    let mut child = bench
        .command(&["fmt", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"2*[relu]").unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap()).succeeded();
    assert_eq!(ran.stdout, "2*[ relu ]\n");

    fs::write(&file, "relu )").unwrap();
    let ran = bench.run(&["fmt", "net.spec"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("unmatched `)`"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "relu )");
}
