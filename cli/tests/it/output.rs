//! Standard output and files that can't be written.

use std::{
    fs::{self, OpenOptions},
    process::Stdio,
};

use crate::common::{Bench, Ran};

/// The names of the commands, as listed in the help.
fn commands(bench: &Bench) -> Vec<String> {
    let all = bench.run(&["--help"]).succeeded().stdout;
    let listed = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    listed
        .filter_map(|line| Some(line.split_whitespace().next()?.to_string()))
        .collect()
}

/// Arguments with which a command prints something.
fn printing(command: &str) -> Vec<&'static str> {
    let text = match command {
        "train" => "train|flatten linear(3)|--data|data|--epochs|1|--out|OUT",
        "compare" => "compare|flatten linear(3)|--data|data|--seeds|1|--epochs|1|--out|OUT",
        "report" => "report|--from|r.toml|--data|data|--out|OUT",
        "eval" => "eval|@a|--data|data",
        "predict" => "predict|@a|data/t10k-images-idx3-ubyte",
        "runs" => "runs|.",
        "summary" => "summary",
        "check" => "check|relu|--input|4",
        // `fmt` changes files and prints nothing.
        "fmt" => "fmt|--help",
        "layers" => "layers",
        "optimizers" => "optimizers|sgd",
        "schedules" => "schedules",
        "augmentations" => "augmentations",
        "losses" => "losses",
        "presets" => "presets",
        "catalogue" => "catalogue",
        "data" => "data",
        "completions" => "completions|bash",
        // `export` and `man` write files and print nothing, so their help is used.
        "export" => "export|--help",
        "man" => "man|--help",
        other => panic!("no arguments for `{other}`"),
    };
    text.split('|').collect()
}

/// All invocations that print something: each command in each of its forms, and its help.
fn cases(bench: &Bench) -> Vec<Vec<String>> {
    bench.train("a", &[]);
    let report = "title = \"t\"\ntext = \"\"\nseeds = 1\n\
        [recipe]\noptimizer = \"sgd(lr=0.1)\"\nloss = \"mse\"\nschedule = \"constant\"\nepochs = 1\nbatch_size = 10\n\
        [quick]\nseeds = 1\nepochs = 1\n\
        [[comparison]]\ntitle = \"c\"\ntext = \"\"\nrow = [{ name = \"a\", model = \"flatten linear(3)\" }]\n";
    fs::write(bench.path("r.toml"), report).unwrap();
    let mut cases = vec![vec![], vec!["--version".into()], vec!["--help".into()]];
    cases.push(vec!["help".into()]);
    for command in commands(bench).into_iter().filter(|name| name != "help") {
        let args: Vec<String> = printing(&command).into_iter().map(String::from).collect();
        let help = bench.run(&[&command, "--help"]).succeeded().stdout;
        for form in ["--json", "--plan"] {
            if help.contains(&format!("  {form} ")) || help.contains(&format!("  {form}\n")) {
                cases.push([&args[..], &[form.to_string()]].concat());
            }
        }
        cases.push(args);
        cases.push(vec![command, "--help".into()]);
    }
    for (i, case) in cases.iter_mut().enumerate() {
        case.iter_mut()
            .filter(|arg| *arg == "OUT")
            .for_each(|arg| *arg = format!("out-{i}"));
    }
    cases
}

fn run_with(bench: &Bench, args: &[String], stdout: Stdio) -> Ran {
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut command = bench.command(&args);
    Ran::new(command.stdout(stdout).output().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_a_failure_of_every_command() {
    let bench = Bench::new();
    for args in cases(&bench) {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = run_with(&bench, &args, full.into());
        assert_eq!(ran.code, Some(1), "{args:?}: {ran:?}");
        let part = "cannot write to standard output: No space left";
        assert!(ran.stderr.contains(part), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let bench = Bench::new();
    for args in cases(&bench) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = run_with(&bench, &args, writer.into());
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert!(!ran.stderr.contains("error"), "{args:?}: {ran:?}");
    }
}

/// A run whose events can't be written can be resumed, with bit-identical results.
#[cfg(target_os = "linux")]
#[test]
fn a_training_with_a_full_stdout_can_be_resumed() {
    let bench = Bench::new();
    bench.train("whole", &["--checkpoint-every", "1"]);
    let args =
        "train|flatten linear(3)|--data|data|--epochs|2|--batch-size|10|--lr|0.1|--out|a|--json";
    let args: Vec<_> = args.split('|').map(String::from).collect();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = run_with(&bench, &args, full.into());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("`tapeline train --resume a`"),
        "{ran:?}"
    );
    bench.run(&["train", "--resume", "a"]).succeeded();
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    assert!(model("a") == model("whole"));
}

/// Every command that writes files fails in the same way if it can't.
#[cfg(unix)]
#[test]
fn files_that_cannot_be_written_have_their_own_exit_code() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let bench = Bench::new();
    cases(&bench);
    let run = |args: &[&str], file: &str, part: &str| {
        let args: Vec<_> = args.iter().map(|arg| arg.replace("FILE", file)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let ran = bench.run(&args).failed(6, &[part]);
        assert!(ran.stderr.contains("be written"), "{args:?}: {ran:?}");
    };
    let model = ["flatten linear(3)", "--data", "data", "--epochs", "1"];
    let out = ["--out", "FILE"];
    let writers = [
        [&["train"], &model[..], &out].concat(),
        [&["compare", "--seeds", "1"], &model[..], &out].concat(),
        [&["compare", "--plan"], &model[..], &out].concat(),
        [&["report", "--from", "r.toml", "--data", "data"], &out[..]].concat(),
        vec!["export", "@a", "FILE.onnx"],
        vec!["export", "@a", "FILE.safetensors"],
    ];
    let locked = bench.path("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere.
    let is_locked = fs::write(locked.join("x"), "").is_err();
    for writer in &writers {
        run(writer, "/dev/null/x", "/dev/null");
        if is_locked {
            run(writer, "locked/x", "locked");
        }
    }
    if cfg!(target_os = "linux") {
        for extension in ["onnx", "safetensors"] {
            let name = format!("full.{extension}");
            symlink("/dev/full", bench.path(&name)).unwrap();
            run(&["export", "@a", &name], "", "no storage space");
        }
    }
}

/// The results of a comparison, after its runs.
#[cfg(unix)]
#[test]
fn results_that_cannot_be_written_have_their_own_exit_code() {
    let bench = Bench::new();
    let cases = cases(&bench);
    for command in ["compare", "report"] {
        let is_whole = |args: &&Vec<String>| args.len() > 2 && args[0] == command;
        let args = cases.iter().rfind(is_whole).unwrap();
        let out = args.iter().find(|arg| arg.starts_with("out-")).unwrap();
        fs::create_dir_all(bench.path(out).join("report.html")).unwrap();
        let ran = run_with(&bench, args, Stdio::piped()).failed(6, &[out, "cannot be written"]);
        assert!(ran.stderr.contains("--out FOLDER"), "{ran:?}");
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let bench = Bench::new();
    let ran = bench.run(&["man", "share/man1"]).succeeded();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let read = |name: &str| std::fs::read_to_string(bench.path("share/man1").join(name)).unwrap();
    let program = read("tapeline.1");
    for command in commands(&bench) {
        if command == "help" {
            continue;
        }
        let page = read(&format!("tapeline-{command}.1"));
        assert!(page.contains(".TH"), "{page}");
        assert!(page.contains("Example"), "{page}");
        assert!(
            program.contains(&format!("tapeline\\-{command}(1)")),
            "{program}"
        );
    }
    std::fs::write(bench.path("taken"), "").unwrap();
    bench
        .run(&["man", "taken"])
        .failed(6, &["taken", "cannot write"]);
}
