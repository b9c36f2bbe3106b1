//! A program with names of its own (`cli/examples/own_names.rs`): every command knows them, and
//! shows the name of the program.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::common::{Bench, Ran};

/// The names that the example adds, each with the command that lists it.
const OWN: [(&str, &str); 5] = [
    ("layers", "squareplus"),
    ("losses", "brier"),
    ("schedules", "root"),
    ("data", "stripes"),
    ("presets", "smooth"),
];

/// Returns the path of the example, which is built if `cargo test` has not done it, as with
/// `--test it`.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_tapeline")).parent().unwrap();
        let name = format!("own_names{}", env::consts::EXE_SUFFIX);
        let example = folder.join("examples").join(name);
        if !is_fresh(&example) {
            let profile = match folder.file_name().and_then(|name| name.to_str()).unwrap() {
                "debug" => "dev",
                other => other,
            };
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--locked", "--example", "own_names"]);
            cargo.args(["--package", "tapeline", "--profile", profile]);
            let built = cargo.arg("--target-dir").arg(folder.parent().unwrap());
            let built = built.current_dir(env!("CARGO_MANIFEST_DIR")).output();
            Ran::new(built.unwrap()).succeeded();
        }
        example
    })
}

/// Returns whether an example is newer than its sources, which Cargo lists in a file next to it.
fn is_fresh(example: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let listed = fs::read_to_string(example.with_extension("d")).unwrap_or_default();
    let mut sources = listed.split_whitespace().skip(1).peekable();
    let built = modified(example);
    let is_older = |source| modified(Path::new(source)).is_some_and(|time| Some(time) <= built);
    sources.peek().is_some() && sources.all(is_older)
}

fn run(bench: &Bench, args: &[&str]) -> Ran {
    let mut command = Command::new(example());
    let command = command.args(args).current_dir(bench.dir.path());
    Ran::new(command.output().unwrap())
}

#[test]
fn own_names_are_listed_and_described() {
    let bench = Bench::new();
    let catalogue = run(&bench, &["catalogue"]).succeeded().stdout;
    for (command, name) in OWN {
        let list = run(&bench, &[command]).succeeded().stdout;
        assert!(list.contains(&format!("\n{name} ")), "{list}");
        let about = run(&bench, &[command, name]).succeeded().stdout;
        assert!(about.starts_with(&format!("{name}: ")), "{about}");
        assert!(catalogue.contains(&format!("\n### {name}\n")), "{name}");
        // A wrong spelling is recognised, too; the built-in program doesn't know the name.
        let wrong = format!("{name}x");
        run(&bench, &[command, &wrong]).failed(2, &[&format!("did you mean `{name}`?")]);
        bench.run(&[command, name]).failed(2, &["unknown"]);
    }
    let verified = run(&bench, &["data", "verify", "stripes"]).succeeded();
    assert!(verified.stdout.contains("yes"), "{verified:#?}");
}

#[test]
fn own_names_are_checked() {
    let bench = Bench::new();
    let args = [
        "check",
        "smooth",
        "--input",
        "1x4x4",
        "--classes",
        "2",
        "--json",
    ];
    let rows = run(&bench, &args).succeeded().json();
    let own = rows.iter().find(|row| row["name"] == "2 squareplus on 8");
    assert_eq!(own.unwrap()["failed"], 0, "{rows:?}");
}

/// From training to the trained model's predictions, by own names only.
#[test]
fn own_names_are_trained() {
    let bench = Bench::new();
    let train = [
        "train",
        "smooth",
        "--data",
        "stripes",
        "--loss",
        "brier",
        "--schedule",
        "warmup(2) root",
        "--optimizer",
        "adam(lr=0.1)",
        "--epochs",
        "30",
        "--out",
        "own",
        "--json",
    ];
    let done = run(&bench, &train).succeeded().json().pop().unwrap();
    assert_eq!(done["test_accuracy"], 1.0, "{done}");
    let eval = run(&bench, &["eval", "@own", "--json"])
        .succeeded()
        .json()
        .remove(0);
    assert_eq!(
        (&eval["loss"], &eval["accuracy"]),
        (&done["test_loss"], &done["test_accuracy"])
    );
    run(&bench, &["train", "--resume", "own", "--epochs", "31"]).succeeded();
    run(&bench, &["export", "@own", "own.safetensors"]).succeeded();
    let compare = [
        "compare",
        "smooth",
        "--data",
        "stripes(20)",
        "--plan",
        "--out",
        "two",
    ];
    let plan = run(&bench, &compare).succeeded().stdout;
    assert!(
        plan.lines()
            .all(|line| line.starts_with("own_names train ")),
        "{plan}"
    );

    // The built-in program says what it lacks.
    bench.run(&["summary", "@own"]).failed(4, &["squareplus"]);
}

#[test]
fn own_names_are_completed() {
    let bench = Bench::new();
    let offered = |words: &[&str]| {
        let mut command = Command::new(example());
        command.args(["--", "own_names"]).args(words);
        command.env("TAPELINE_COMPLETE", "bash");
        command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        let ran = Ran::new(command.current_dir(bench.dir.path()).output().unwrap());
        ran.succeeded().stdout
    };
    for (command, name) in OWN {
        assert_eq!(offered(&[command, name]), name);
    }
    for (option, name) in [
        ("--loss", "brier"),
        ("--schedule", "root"),
        ("--data", "stripes"),
    ] {
        assert_eq!(offered(&["train", "mlp", option, name]), name);
    }
    assert_eq!(offered(&["train", "flatten squarep"]), "flatten squareplus");
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&bench, &["completions", shell]).succeeded().stdout;
        assert!(script.contains("own_names"), "{script}");
        let ours = script.replace("TAPELINE_COMPLETE", "");
        assert!(!ours.contains("tapeline"), "{script}");
    }
}

#[test]
fn the_program_has_its_own_name_and_version() {
    let bench = Bench::new();
    let version = run(&bench, &["--version"]).succeeded().stdout;
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!(version, format!("own_names 2.5.0 (tapeline {ours})\n"));
    let version = bench.run(&["--version"]).succeeded().stdout;
    assert_eq!(version, format!("tapeline {ours}\n"));

    let commands = run(&bench, &["--help"]).succeeded().stdout;
    assert_eq!(
        run(&bench, &[]).succeeded().stdout,
        run(&bench, &["-h"]).stdout
    );
    let commands = commands.split_once("Commands:\n").unwrap().1;
    let commands = commands.split_once("\n\n").unwrap().0;
    let names: Vec<_> = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let pages = names.iter().map(|name| vec![*name, "--help"]);
    let inner = [
        ["data", "show"],
        ["data", "verify"],
        ["augmentations", "show"],
    ];
    let inner = inner
        .iter()
        .map(|[command, inner]| vec![*command, *inner, "--help"]);
    for page in pages.chain(inner).chain([vec!["--help"]]) {
        let help = run(&bench, &page).succeeded().stdout;
        assert!(help.contains("own_names"), "{help}");
        assert!(!help.contains("tapeline"), "{help}");
    }
    run(&bench, &["trian"]).failed(2, &["Usage: own_names "]);
    run(&bench, &["runs"]).failed(2, &["`own_names train` creates runs"]);
}
