//! A signal ends a training and leaves complete files.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{
    common::{Bench, keys},
    resume::{WHOLE, contents, is_begun},
};

/// Builds a command that runs the program with the default signal handlers, whatever those of the
/// tests are, or with one signal ignored.
fn command(bench: &Bench, ignored: Option<&str>, args: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,TERM");
    command.args(ignored.map(|signal| format!("--ignore-signal={signal}")));
    command.arg(env!("CARGO_BIN_EXE_tapeline")).args(args);
    command.current_dir(bench.dir.path());
    command
}

/// Sends a signal to a program; returns whether it was still there.
fn send(signal: &str, child: &Child) -> bool {
    let id = child.id().to_string();
    let mut kill = Command::new("kill");
    kill.args(["-s", signal, &id]).status().unwrap().success()
}

/// Starts a run in the folder `a`.
fn start(bench: &Bench, ignored: Option<&str>, args: &[&str]) -> Child {
    let mut command = command(bench, ignored, args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // Signal handlers are installed before the configuration is written.
    while !is_begun(bench, "a") {
        sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn a_signal_writes_a_checkpoint_that_comes_to_the_same_bytes() {
    let bench = Bench::new();
    bench
        .run(&[&WHOLE[..], &["--out", "whole"]].concat())
        .succeeded();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let mut child = start(&bench, None, &[&WHOLE[..], &["--out", "a"]].concat());
        assert!(send(signal, &child));
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let resumed = bench
            .run(&["train", "--resume", "a", "-q", "--json"])
            .succeeded();
        let start = resumed.stdout.lines().next().unwrap();
        assert_eq!(keys(start).last(), Some(&"resumed_at"));
        assert!(
            contents(&bench, "a") == contents(&bench, "whole"),
            "{signal}"
        );
        fs::remove_dir_all(bench.path("a")).unwrap();
    }
}

/// As under `nohup`.
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let bench = Bench::new();
    for signal in ["HUP", "INT", "TERM"] {
        let args = [&WHOLE[..], &["--out", "a"]].concat();
        let mut child = start(&bench, Some(signal), &args);
        assert!(send(signal, &child));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        fs::remove_dir_all(bench.path("a")).unwrap();
    }
}

/// Starts a run that doesn't end by itself; returns what it prints after its first epoch, by when
/// signal handlers are installed.
fn endless(bench: &Bench) -> (Child, impl Iterator<Item = String>) {
    let recipe = [
        "train",
        "flatten linear(3)",
        "--data",
        "data",
        "--epochs",
        "1000000",
    ];
    let args = [&recipe[..], &["--out", "a", "--json", "-q"]].concat();
    let mut command = command(bench, None, &args);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.nth(1).unwrap().contains("\"epoch\""));
    (child, lines)
}

#[test]
fn a_signal_stops_a_training_with_the_model_saved() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let bench = Bench::new();
        let (mut child, lines) = endless(&bench);
        assert!(send(signal, &child));
        let last = lines.last().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(keys(&last), ["event", "signal", "epoch", "step", "out"]);
        bench.run(&["eval", "@a", "--data", "data"]).succeeded();
        let mut files = fs::read_dir(bench.path("a")).unwrap();
        assert!(files.all(|file| {
            let name = file.unwrap().file_name();
            !name.to_string_lossy().starts_with('.')
        }));
    }
}

#[test]
fn a_second_signal_harms_no_file() {
    let bench = Bench::new();
    let (mut child, lines) = endless(&bench);
    assert!(send("INT", &child));
    // The program may have exited before the second signal.
    send("INT", &child);
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    bench.run(&["eval", "@a", "--data", "data"]).succeeded();
}
