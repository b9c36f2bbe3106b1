//! Untrusted text: names of files and classes, specs, titles. It is shown without terminal control
//! characters, and paths work whatever their names are.
#![cfg(unix)]

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
    process::{Command, Output},
};

use tapeline_layers::layers;
use tapeline_models::{load, presets, save};
use tapeline_spec::is_printable;

use crate::common::{Bench, Ran};

/// A name with a line break, a colour code, and a change of text direction.
const EVIL: &str = "a\n\x1b[31mb\u{202e}c\u{9b}1m|<b>`\"'$(x)";

#[track_caller]
fn expect_clean(text: &str) {
    let obeyed = text.chars().find(|&c| c != '\n' && !is_printable(c));
    assert_eq!(obeyed, None, "{text:?}");
}

#[track_caller]
fn expect_shown(bench: &Bench, args: &[&str], code: i32) {
    let ran = bench.run(args);
    assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    expect_clean(&ran.stdout);
    expect_clean(&ran.stderr);
    for line in ran.stdout.lines().chain(ran.stderr.lines()) {
        assert!(!line.starts_with("\u{1b}"), "{line:?}");
    }
}

#[test]
fn no_name_is_obeyed_by_a_terminal() {
    let bench = Bench::new();
    bench.train("a", &[]);
    let long = "x".repeat(100_000);
    // A model with malicious class names.
    let file = bench.path(&format!("{EVIL}.safetensors").replace('/', "_"));
    let name = file.file_name().unwrap().to_str().unwrap().to_string();
    let mut trained = load(&bench.path("a/model.safetensors"), &layers(), &presets()).unwrap();
    trained.labels.classes = [EVIL, &long, "c"].map(String::from).into();
    save(&file, &trained.model, &trained.params, &trained.labels).unwrap();
    let images = "data/t10k-images-idx3-ubyte";
    fs::copy(bench.path(images), bench.path(EVIL)).unwrap();
    let model = format!("@{name}");

    for (args, code) in [
        (&["predict", &model, images][..], 0),
        (&["predict", "@a", EVIL], 0),
        (&["predict", "@a", &format!("{EVIL}x")], 3),
        (&["eval", &model, "--data", "data"], 0),
        (&["eval", "@a", "--data", EVIL], 3),
        (&["summary", &format!("@{EVIL}")], 2),
        (&["summary", EVIL], 2),
        (&["export", "@a", EVIL], 2),
        (&["layers", EVIL], 2),
        (&["data", "verify", EVIL], 3),
        (&["train", "--resume", EVIL], 2),
        (&["train", "--data", "data", "--loss", EVIL], 2),
        (&["train", "--epochs", EVIL], 2),
        (&[EVIL], 2),
        (&["report", "--from", EVIL], 2),
        (&["compare", "--collect", EVIL], 2),
        (
            &[
                "eval",
                "flatten linear(3)",
                "--weights",
                &name,
                "--data",
                "data",
            ],
            0,
        ),
        (
            &[
                "eval",
                "flatten linear(4)",
                "--weights",
                EVIL,
                "--data",
                "data",
            ],
            4,
        ),
        (&["predict", &model, "data"], 0),
    ] {
        expect_shown(&bench, args, code);
    }
    let ran = bench.run(&["predict", &model, images]).succeeded();
    assert!(ran.stdout.lines().all(|line| line.len() < 500));
    assert_eq!(ran.stdout.lines().count(), 23);

    // The name of a tensor, and a value of a configuration.
    let bytes = fs::read(bench.path("a/model.safetensors")).unwrap();
    let at = bytes
        .windows(8)
        .position(|part| part == b"1.weight")
        .unwrap();
    let renamed = [&bytes[..at], b"\\u001b[m", &bytes[at + 8..]].concat();
    fs::write(bench.path("t.safetensors"), renamed).unwrap();
    let args = ["eval", "flatten linear(3)", "--weights", "t.safetensors"];
    expect_shown(&bench, &[&args[..], &["--data", "data"]].concat(), 4);
    let config = fs::read_to_string(bench.path("a/config.toml")).unwrap();
    for (key, value) in [
        ("loss", "\u{202e}"),
        ("version", "\\u001b[31m"),
        ("zzz", "\\u001b"),
    ] {
        let mut edited: Vec<_> = config.lines().collect();
        edited.retain(|line| !line.starts_with(key));
        let line = format!("{key} = \"{value}\"");
        edited.insert(0, &line);
        fs::write(bench.path("a/config.toml"), edited.join("\n")).unwrap();
        let code = if key == "version" { 0 } else { 2 };
        expect_shown(
            &bench,
            &["train", "--resume", "a", "--epochs", "3", "-v"],
            code,
        );
    }
}

/// Generated files are clean, too; comments and line breaks of a spec don't reach titles.
#[test]
fn no_name_is_obeyed_in_a_file() {
    let bench = Bench::new();
    let spec = "flatten # a comment\nlinear(3)";
    bench
        .run(&[
            "train", spec, "--data", "data", "--epochs", "1", "--out", EVIL,
        ])
        .succeeded();
    fs::write(bench.path("m.spec"), "flatten # one\n  linear({3, 3})\n").unwrap();
    let args = [
        "compare", "@m.spec", "--data", "data", "--epochs", "1", "--seeds", "1",
    ];
    bench
        .run(&[&args[..], &["--out", "c"]].concat())
        .succeeded();
    let report = format!(
        "title = {EVIL:?}\ntext = {EVIL:?}\nseeds = 1\n\
        [recipe]\noptimizer = \"sgd(lr=0.1)\"\nloss = \"mse\"\nschedule = \"constant\"\nepochs = 1\nbatch_size = 10\n\
        [quick]\nseeds = 1\nepochs = 1\n\
        [[comparison]]\ntitle = {EVIL:?}\ntext = {EVIL:?}\n\
        row = [{{ name = {EVIL:?}, model = \"flatten linear(3)\" }}, {{ name = \"b\", model = \"flatten linear(3)\" }}]\n\
        [[comparison.claim]]\ntext = {EVIL:?}\nbetter = \"b\"\nthan = {EVIL:?}\n"
    );
    // Rust's escapes differ from TOML's.
    let report = report
        .replace("\\u{1b}", "\\u001b")
        .replace("\\u{202e}", "\\u202e");
    let report = report.replace("\\u{9b}", "\\u009b").replace("\\'", "'");
    fs::write(bench.path("r.toml"), report).unwrap();
    let args = ["report", "--from", "r.toml", "--data", "data", "--out", "r"];
    expect_shown(&bench, &args, 0);

    for folder in [EVIL, "c", "r"] {
        let mut seen = 0;
        for entry in fs::read_dir(bench.path(folder)).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.extension().and_then(OsStr::to_str).unwrap_or_default();
            if ["svg", "html", "md", "csv"].contains(&kind) {
                let text = fs::read_to_string(&path).unwrap();
                let obeyed = |c: char| {
                    c != '\n'
                        && (c.is_control()
                            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
                };
                assert!(!text.contains(obeyed), "{path:?}");
                assert!(
                    !text.contains("comment") && !text.contains("# one"),
                    "{path:?}"
                );
                assert!(kind == "csv" || !text.contains("|<b>`"), "{path:?}");
                seen += 1;
            }
        }
        assert!(seen > 1, "{folder}");
    }
}

fn run_in(folder: &Path, args: &[&OsStr]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapeline"));
    command.args(args).current_dir(folder).output().unwrap()
}

#[track_caller]
fn succeeds_in(folder: &Path, args: &[&[u8]]) -> String {
    let args: Vec<_> = args.iter().map(|arg| OsStr::from_bytes(arg)).collect();
    let ran = Ran::new(run_in(folder, &args)).succeeded();
    expect_clean(&ran.stdout);
    expect_clean(&ran.stderr);
    ran.stdout
}

/// Every command works in a folder and with files whose names are not valid Unicode, or look like
/// options or marks.
#[test]
fn names_need_not_be_unicode() {
    for odd in [&b"odd\xff\xfe"[..], b"@odd", b"-odd", b"it's a\nrun"] {
        let bench = Bench::new();
        bench.train("plain", &["--epochs", "3"]);
        let root = bench.dir.path().join(OsStr::from_bytes(odd));
        fs::create_dir(&root).unwrap();
        fs::rename(bench.path("data"), root.join(OsStr::from_bytes(odd))).unwrap();
        let name = |more: &[u8]| match odd.starts_with(b"-") {
            true => [b"./", odd, more].concat(),
            false => [odd, more].concat(),
        };
        let (data, run) = (name(b""), name(b"r"));
        fs::copy(
            bench.path("plain/model.safetensors"),
            root.join(OsStr::from_bytes(&name(b"w.safetensors"))),
        )
        .unwrap();
        let weights = name(b"w.safetensors");
        let train = [
            &b"train"[..],
            b"flatten linear(3)",
            b"--data",
            &data,
            b"--lr",
            b"0.1",
        ];
        let more = [
            &b"--batch-size"[..],
            b"10",
            b"--epochs",
            b"2",
            b"--out",
            &run,
        ];
        succeeds_in(&root, &[&train[..], &more].concat());

        // Resume from inside the run folder, by its absolute path.
        let inside = root.join(OsStr::from_bytes(&run));
        let absolute = inside.as_os_str().as_bytes();
        let resume = [&b"train"[..], b"--resume", absolute, b"--epochs", b"3"];
        succeeds_in(&inside, &resume);
        assert!(
            fs::read(inside.join("model.safetensors")).unwrap()
                == fs::read(bench.path("plain/model.safetensors")).unwrap()
        );
        // Resume in a folder that was moved, by the original relative path.
        let moved = bench.path("moved");
        fs::rename(&root, &moved).unwrap();
        let resume_word = if odd[0] == b'@' {
            [b"./", &run[..]].concat()
        } else {
            run.clone()
        };
        let resume = [&b"train"[..], b"--resume", &resume_word, b"--epochs", b"4"];
        succeeds_in(&moved, &resume);

        let marked = [b"@", &run[..]].concat();
        let images = [&data[..], b"/t10k-images-idx3-ubyte"].concat();
        let spec = name(b".spec");
        fs::write(moved.join(OsStr::from_bytes(&spec)), "flatten linear(3)").unwrap();
        let marked_spec = [b"@", &spec[..]].concat();
        let compare = [
            &b"compare"[..],
            &marked_spec,
            b"--data",
            &data,
            b"--weights",
            &weights,
        ];
        let short = [&b"--seeds"[..], b"1", b"--epochs", b"1", b"--out"];
        let out = name(b"c");
        let planned = name(b"p");
        for args in [
            vec![&b"eval"[..], &marked, b"--data", &data],
            vec![
                b"eval",
                b"flatten linear(3)",
                b"--weights",
                &weights,
                b"--data",
                &data,
            ],
            vec![b"predict", &marked, &images],
            vec![b"predict", &marked, &data],
            vec![b"predict", b"--json", &marked, &images],
            vec![b"export", &marked, &name(b".onnx")],
            vec![b"export", &marked, &name(b".safetensors")],
            vec![b"summary", &marked],
            vec![b"summary", &marked_spec],
            vec![b"check", &marked_spec, b"--input", b"1x6x6"],
            vec![b"data", b"verify", &data],
            [&compare[..], &short, &[&out]].concat(),
            vec![b"compare", b"--collect", &out, b"--data", &data],
        ] {
            succeeds_in(&moved, &args);
        }

        // The commands of a plan can be run.
        let plan = succeeds_in(
            &moved,
            &[&compare[..], &short, &[&planned], &[b"--plan"]].concat(),
        );
        assert_eq!(plan.lines().count(), 1, "{plan}");
        run_by_bash(&moved, &plan);
        let collected = succeeds_in(
            &moved,
            &[
                b"compare",
                b"--collect",
                &planned,
                b"--data",
                &data,
                b"--json",
            ],
        );
        assert!(collected.contains("\"done\":1"), "{collected}");
    }
}

/// Runs a printed command in a shell.
#[track_caller]
fn run_by_bash(folder: &Path, command: &str) {
    let mut bash = Command::new("bash");
    let program = env!("CARGO_BIN_EXE_tapeline");
    let line = format!("tapeline() {{ '{program}' \"$@\"; }}\n{command}");
    let output = bash.args(["-c", &line]).current_dir(folder).output();
    Ran::new(output.unwrap()).succeeded();
}

/// A command in a message can be copied and run, whatever the name of the run.
#[test]
fn a_command_in_a_message_works() {
    let bench = Bench::new();
    for name in [
        &b"sp ace/it's a run"[..],
        b"$(touch x)",
        b"odd\xff\n",
        b"-q",
        b"@a",
        EVIL.as_bytes(),
    ] {
        // The shell limits the size of files, which has the same effect as a full disk.
        let out = OsString::from_vec([b"--out=", name].concat());
        let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
        let mut shell = Command::new("bash");
        shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_tapeline"), "train"]);
        shell.args([
            "flatten linear(300) linear(3)",
            "--data",
            "data",
            "--epochs",
            "1",
        ]);
        let ran = Ran::new(
            shell
                .arg(&out)
                .current_dir(bench.dir.path())
                .output()
                .unwrap(),
        );
        assert_ne!(ran.code, Some(0), "{ran:?}");
        expect_clean(&ran.stderr);
        let start = ran
            .stderr
            .find("`tapeline ")
            .unwrap_or_else(|| panic!("{ran:?}"))
            + 1;
        let end = ran.stderr.rfind("` resumes").unwrap();
        run_by_bash(bench.dir.path(), &ran.stderr[start..end]);
        assert!(
            bench
                .dir
                .path()
                .join(OsStr::from_bytes(name))
                .join("result.json")
                .exists()
        );
    }
    assert!(!bench.path("x").exists());
}

/// A run can be resumed from any folder, and its data and weights can be moved along with it.
#[test]
fn a_run_is_resumed_from_any_folder() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("work/elsewhere")).unwrap();
    fs::rename(bench.path("data"), bench.path("work/data")).unwrap();
    let work = bench.path("work");
    let train = "train|flatten linear(3)|--data|data|--epochs|1|--out|a";
    let args: Vec<_> = train.split('|').map(str::as_bytes).collect();
    succeeds_in(&work, &args);
    let resume = |folder: &Path, run: &str, epochs: &str| {
        let args = ["train", "--resume", run, "--epochs", epochs].map(OsStr::new);
        Ran::new(run_in(folder, &args))
    };
    resume(&work.join("elsewhere"), "../a", "2").succeeded();
    fs::rename(&work, bench.path("moved")).unwrap();
    resume(&bench.path("moved"), "a", "3").succeeded();
    resume(bench.dir.path(), "moved/a", "4").failed(3, &["work/data"]);

    // If there are other data at the path of the run's data, the checksums decide.
    bench.data("new", 6, 60, 23);
    fs::create_dir(bench.path("work")).unwrap();
    fs::rename(bench.path("new"), bench.path("work/data")).unwrap();
    resume(&bench.path("moved"), "a", "4").succeeded();
    resume(bench.dir.path(), "moved/a", "5")
        .failed(3, &["work/data: the training data are not those"]);
}
