//! The commands in README.md and in the pages of `docs` work.

use crate::common::Bench;

/// The commands in a page, in order.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"));
    let lines = blocks.flat_map(|(block, _)| block.lines());
    lines
        .filter_map(|line| line.strip_prefix("tapeline "))
        .map(words)
        .collect()
}

/// Splits a line at spaces outside double quotes, like a shell.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}

/// Runs each command; training commands use a small subset of the data.
fn run(bench: &Bench, page: &str) {
    let commands = commands(page);
    assert!(commands.len() >= 2, "{commands:?}");
    for command in commands {
        let mut args: Vec<_> = command.iter().map(String::as_str).collect();
        let is_resumed = args.contains(&"--resume");
        if ["train", "compare"].contains(&args[0]) && !is_resumed {
            // If an option is given twice, the last one counts.
            args.extend(["--limit", "200", "--epochs", "1"]);
        }
        let ran = bench.run(&args).succeeded();
        assert!(!ran.stdout.is_empty(), "{command:?}");
    }
}

#[test]
fn every_command_in_the_readme_works() {
    let bench = Bench::new();
    run(&bench, include_str!("../../../README.md"));
    assert!(bench.path("runs/first/model.safetensors").exists());
}

#[test]
fn every_command_for_experimenters_works() {
    run(&Bench::new(), include_str!("../../../docs/experiments.md"));
}

#[test]
fn every_command_about_data_works() {
    run(&Bench::new(), include_str!("../../../docs/data.md"));
}

#[test]
fn every_command_for_comparisons_works() {
    run(&Bench::new(), include_str!("../../../docs/comparisons.md"));
}

#[test]
fn the_catalogue_is_what_is_registered() {
    let printed = Bench::new().run(&["catalogue"]).succeeded().stdout;
    let page = include_str!("../../../docs/catalogue.md");
    assert!(
        printed == page,
        "docs/catalogue.md is out of date: `tapeline catalogue > docs/catalogue.md`"
    );
}
