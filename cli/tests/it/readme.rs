//! The commands in README.md do what it says.

use crate::common::Bench;

/// The commands of a kind of block, in order.
fn commands() -> Vec<Vec<String>> {
    let readme = include_str!("../../../README.md");
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"));
    let lines = blocks.flat_map(|(block, _)| block.lines());
    lines
        .filter_map(|line| line.strip_prefix("tapeline "))
        .map(words)
        .collect()
}

/// Splits at spaces outside of double quotes, as a shell does.
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

#[test]
fn every_command_in_the_readme_works() {
    let bench = Bench::new();
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let mut args: Vec<_> = command.iter().map(String::as_str).collect();
        if args[0] == "train" {
            // The same on little data; of an option given twice the last one counts.
            args.extend(["--limit", "200", "--epochs", "1"]);
        }
        let ran = bench.run(&args).succeeded();
        assert!(!ran.stdout.is_empty(), "{command:?}");
    }
    assert!(bench.path("runs/first/model.safetensors").exists());
}
