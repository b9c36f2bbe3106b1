//! Runs that are interrupted in various ways and resumed produce the same files as uninterrupted
//! runs.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::common::{Bench, Ran, keys};

/// A run that uses everything with randomness or state.
pub const WHOLE: [&str; 26] = [
    "train",
    "conv2d(4, 3) batchnorm2d relu dropout(0.3) flatten linear(3)",
    "--data",
    "data",
    "--epochs",
    "6",
    "--batch-size",
    "4",
    "--val",
    "11",
    "--optimizer",
    "adamw(lr=0.01) ema(0.9)",
    "--schedule",
    "warmup(5) plateau(patience=0, threshold=0.5)",
    "--augment",
    "shift(1) erase(0.5)",
    "--max-grad-norm",
    "1",
    "--freeze",
    "0.bias",
    "--lr-scale",
    "5: 0.5",
    "--patience",
    "6",
    "-q",
    "--json",
];

/// The contents of a run folder without the timings.
pub fn contents(bench: &Bench, run: &str) -> Vec<(String, Vec<u8>)> {
    let file = |name: &str| fs::read(bench.path(run).join(name)).unwrap();
    let models = ["model.safetensors", "best.safetensors"];
    let mut contents: Vec<_> = models.map(|name| (name.to_string(), file(name))).into();
    let metrics = String::from_utf8(file("metrics.jsonl")).unwrap();
    for line in metrics.lines() {
        let mut epoch: Value = serde_json::from_str(line).unwrap();
        for time in ["train_seconds", "test_seconds"] {
            epoch.as_object_mut().unwrap().remove(time).unwrap();
        }
        contents.push(("metrics.jsonl".into(), epoch.to_string().into_bytes()));
    }
    let rows = String::from_utf8(file("metrics.csv")).unwrap();
    let untimed = rows.lines().map(|row| row.rsplitn(3, ',').last().unwrap());
    contents.extend(untimed.map(|row| ("metrics.csv".into(), row.into())));
    contents
}

/// The names of the files in a run folder.
fn names(bench: &Bench, run: &str) -> Vec<String> {
    let entries = fs::read_dir(bench.path(run)).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn start(bench: &Bench, args: &[&str]) -> Child {
    let mut command = bench.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Whether the run has been started, so that it must be resumed.
pub fn is_begun(bench: &Bench, run: &str) -> bool {
    bench.path(run).join("config.toml").exists()
}

/// The command that starts or resumes the run.
fn command(bench: &Bench, run: &'static str, threads: &'static str) -> Vec<&'static str> {
    let mut args = match is_begun(bench, run) {
        true => vec!["train", "--resume", run, "-q", "--json"],
        false => [&WHOLE[..], &["--out", run]].concat(),
    };
    args.extend(["--checkpoint-every", "3", "--threads", threads]);
    args
}

/// Kills runs at times spread over the duration of a whole run, resumes them with other numbers of
/// threads, and compares the results. Returns the number of kills.
fn survives(kills: usize) -> usize {
    let bench = Bench::new();
    let begun = Instant::now();
    let whole = [&WHOLE[..], &["--out", "whole"]].concat();
    bench.run(&whole).succeeded();
    let needed = begun.elapsed();
    let wanted = contents(&bench, "whole");
    let left = names(&bench, "whole");

    let mut done = 0;
    while done < kills {
        loop {
            let threads = ["1", "2", "3"][done % 3];
            let mut child = start(&bench, &command(&bench, "a", threads));
            // Multiples of the golden ratio are spread evenly, however many there are.
            let share = (done as f64 * 0.618_033_988_75).fract();
            sleep(needed.mul_f64(share * 0.7));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            // The run may have been killed after everything was written.
            if status.success() || bench.path("a/result.json").exists() {
                break;
            }
            assert_eq!(
                status.code(),
                None,
                "{:?}",
                Ran::new(child.wait_with_output().unwrap())
            );
            done += 1;
            if done == kills {
                bench.run(&command(&bench, "a", "2")).succeeded();
                break;
            }
        }
        assert!(contents(&bench, "a") == wanted, "after {done} kills");
        assert_eq!(names(&bench, "a"), left, "after {done} kills");
        fs::remove_dir_all(bench.path("a")).unwrap();
    }
    done
}

#[test]
fn a_killed_training_comes_to_the_same_bytes() {
    assert_eq!(survives(12), 12);
}

#[test]
#[ignore = "takes half a minute: run it with `cargo test -p tapeline --test it -- --ignored`"]
fn a_training_survives_two_hundred_kills() {
    assert_eq!(survives(200), 200);
}

#[test]
fn more_epochs_are_the_same_as_having_asked_for_them_at_once() {
    let bench = Bench::new();
    bench.train("long", &["--epochs", "4"]);
    let short = bench.train("short", &[]);
    let resumed = bench
        .run(&["train", "--resume", "short", "--epochs", "4"])
        .succeeded();
    assert_ne!(short.stdout, resumed.stdout);
    let file = |run: &str, name: &str| fs::read(bench.path(run).join(name)).unwrap();
    for name in ["model.safetensors", "config.toml"] {
        assert!(file("short", name) == file("long", name), "{name}");
    }
    let rows = |run| {
        String::from_utf8(file(run, "metrics.csv"))
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!((rows("short"), rows("long")), (5, 5));
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let bench = Bench::new();
    let resume = |more: &[&str]| bench.run(&[&["train", "--resume"], more].concat());
    resume(&["nowhere"]).failed(
        2,
        &["nowhere/config.toml: cannot be read", "`tapeline train`"],
    );

    bench.train("a", &["--val", "7"]);
    resume(&["a"]).failed(2, &["a: all 2 epochs are done", "`--epochs 4` continues"]);
    resume(&["a", "--epochs", "1"]).failed(2, &["epochs are done"]);
    resume(&["a", "--epochs", "{3, 4}"]).failed(2, &["expected one value, not alternatives"]);
    for option in [
        ["--lr", "0.1"],
        ["--seed", "1"],
        ["--data", "data"],
        ["--out", "b"],
    ] {
        resume(&["a", option[0], option[1]]).failed(2, &["cannot be used with", option[0]]);
    }
    resume(&["a", "--checkpoint-every", "0s"]).failed(2, &["--checkpoint-every", "like 30s"]);

    let checkpoint = bench.path("a/checkpoint.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&checkpoint, damaged).unwrap();
    resume(&["a", "--epochs", "3"]).failed(
        4,
        &[
            "a/checkpoint.safetensors: is damaged",
            "without the checkpoint it starts over",
        ],
    );
    fs::write(&checkpoint, whole).unwrap();

    fs::rename(bench.path("data"), bench.path("moved")).unwrap();
    resume(&["a", "--epochs", "3"]).failed(3, &["data"]);
    bench.data("data", 6, 60, 23);
    resume(&["a", "--epochs", "3"]).failed(3, &["data: the training data are not those"]);
    fs::remove_dir_all(bench.path("data")).unwrap();
    fs::rename(bench.path("moved"), bench.path("data")).unwrap();
    let config = fs::read_to_string(bench.path("a/config.toml")).unwrap();
    fs::write(
        bench.path("a/config.toml"),
        config.replace("epochs", "epoch"),
    )
    .unwrap();
    resume(&["a", "--epochs", "3"]).failed(2, &["a/config.toml: line ", "unknown field `epoch`"]);
    fs::write(bench.path("a/config.toml"), config).unwrap();
    resume(&["@a", "--epochs", "3"]).succeeded();
}

#[test]
fn a_diverged_run_keeps_its_last_good_state_and_is_not_resumed() {
    let bench = Bench::new();
    let mut args = WHOLE.to_vec();
    args.truncate(8);
    let more = ["--lr", "1e25", "--out", "a", "--json"];
    let ran = bench.run(&[&args[..], &more].concat());
    assert_eq!(ran.code, Some(5), "{ran:?}");
    let last = ran.stdout.lines().last().unwrap();
    let wanted = [
        "event",
        "epoch",
        "step",
        "layer",
        "largest_gradient",
        "largest_gradient_of",
        "out",
    ];
    assert_eq!(keys(last), wanted);
    for part in [
        "the largest gradient of the step before",
        "`--max-grad-norm 1`",
    ] {
        assert!(ran.stderr.contains(part), "{ran:?}");
    }
    bench
        .run(&["train", "--resume", "a"])
        .failed(2, &["a: diverged in step", "and would again"]);
}

#[test]
fn two_trainings_never_share_a_folder() {
    let bench = Bench::new();
    let mut args = WHOLE.to_vec();
    args[5] = "100000";
    let mut child = start(&bench, &[&args[..], &["--out", "a"]].concat());
    while !bench.path("a/checkpoint.safetensors").exists() {
        sleep(Duration::from_millis(1));
    }
    bench
        .run(&["train", "--resume", "a"])
        .failed(2, &["a: another run is active here"]);
    bench
        .run(&[&WHOLE[..], &["--out", "a"]].concat())
        .failed(2, &["is never overwritten"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_folder_that_was_taken_away_is_told() {
    let bench = Bench::new();
    let mut args = WHOLE.to_vec();
    args[5] = "100000";
    let child = start(&bench, &[&args[..], &["--out", "a"]].concat());
    while !bench.path("a/checkpoint.safetensors").exists() {
        sleep(Duration::from_millis(1));
    }
    fs::rename(bench.path("a"), bench.path("b")).unwrap();
    let ran = Ran::new(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(
        ran.stderr.contains("a/") && ran.stderr.contains("can't be written"),
        "{ran:?}"
    );
    // The files written so far are complete.
    bench.run(&["eval", "@b", "--data", "data"]).succeeded();
}

/// The shell limits the size of files, which has the same effect as a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let bench = Bench::new();
    bench
        .run(&[&WHOLE[..], &["--out", "whole"]].concat())
        .succeeded();
    let mut child = start(&bench, &[&WHOLE[..], &["--out", "a"]].concat());
    while !bench.path("a/checkpoint.safetensors").exists() {
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let checkpoint = || fs::read(bench.path("a/checkpoint.safetensors")).unwrap();
    let kept = checkpoint();
    let program = env!("CARGO_BIN_EXE_tapeline");
    let line = format!("trap '' XFSZ; ulimit -f 2; exec '{program}' train --resume a");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(bench.dir.path());
    let ran = Ran::new(shell.output().unwrap());
    ran.failed(
        6,
        &[
            "can't be written",
            "bytes are needed",
            "`tapeline train --resume a` resumes",
        ],
    );
    assert!(checkpoint() == kept);
    bench.run(&["train", "--resume", "a", "-q"]).succeeded();
    assert!(contents(&bench, "a") == contents(&bench, "whole"));
}

#[test]
fn a_folder_that_holds_no_run_yet_is_taken() {
    let bench = Bench::new();
    fs::create_dir(bench.path("a")).unwrap();
    for name in ["metrics.csv", "metrics.jsonl", ".tapeline-1a2b3c"] {
        fs::write(bench.path("a").join(name), "").unwrap();
    }
    bench.train("a", &[]);
    assert!(!names(&bench, "a").iter().any(|name| name.starts_with('.')));
    fs::create_dir(bench.path("b")).unwrap();
    fs::write(bench.path("b/metrics.csv"), "mine").unwrap();
    let args = [&WHOLE[..], &["--out", "b"]].concat();
    bench.run(&args).failed(2, &["is never overwritten"]);
    assert_eq!(fs::read(bench.path("b/metrics.csv")).unwrap(), b"mine");
}

/// The epochs before the checkpoint are stored only in `metrics.csv`; if they are missing or were
/// changed, the run is not resumed.
#[test]
fn a_run_needs_the_epochs_that_it_has_done() {
    let bench = Bench::new();
    bench.train("a", &["--val", "7"]);
    let path = bench.path("a/metrics.csv");
    let whole = fs::read_to_string(&path).unwrap();
    let refused = |text: Option<&str>, wanted: &str| {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let parts = [
            "a/checkpoint.safetensors: was written after 2 epochs",
            wanted,
            "`metrics.csv`",
        ];
        bench
            .run(&["train", "--resume", "a", "--epochs", "3"])
            .failed(4, &parts);
    };
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    refused(None, "but the history has only 0");
    refused(Some(&lines[..2].concat()), "but the history has only 1");
    refused(
        Some(&whole[..whole.len() - 1]),
        "but the history has only 1",
    );
    refused(
        Some(&whole.replace('\n', "\r\n")),
        "but the history has only 0",
    );
    let mut digits = lines[1].split(',').map(String::from).collect::<Vec<_>>();
    digits[1] = "0.5".into();
    let edited = [lines[0], &digits.join(","), lines[2]].concat();
    refused(
        Some(&edited),
        "figures in the history are not those of its run",
    );

    // The remains of a later epoch, left by a kill, are cut off.
    fs::write(&path, whole.clone() + &lines[2][..9]).unwrap();
    bench
        .run(&["train", "--resume", "a", "--epochs", "3"])
        .succeeded();
    let after = fs::read_to_string(&path).unwrap();
    assert!(
        after.starts_with(&whole) && after.lines().count() == 1 + 3,
        "{after}"
    );
    let log = fs::read_to_string(bench.path("a/metrics.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3);
}

#[test]
fn a_checkpoint_of_another_version_is_refused_with_advice() {
    let bench = Bench::new();
    bench.train("a", &[]);
    let path = bench.path("a/checkpoint.safetensors");
    let bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(21)
        .position(|w| w == b"tapeline-checkpoint-3")
        .unwrap();
    let mut old = bytes;
    old[at + 20] = b'1';
    fs::write(&path, old).unwrap();
    let parts = [
        "`tapeline-checkpoint-1`",
        "the version that wrote it",
        "delete",
    ];
    bench
        .run(&["train", "--resume", "a", "--epochs", "3"])
        .failed(4, &parts);
}
