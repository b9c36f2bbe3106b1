//! Tests of `tapeline export`: the format follows from the file name, and invalid requests are
//! rejected.

use std::fs;

use crate::common::Bench;

#[test]
fn the_file_is_what_its_name_says() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let ran = bench
        .run(&["export", "@run", "model.safetensors"])
        .succeeded();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let read = |name: &str| fs::read(bench.path(name)).unwrap();
    assert_eq!(read("model.safetensors"), read("run/model.safetensors"));

    bench.run(&["export", "@run", "a.onnx"]).succeeded();
    bench
        .run(&["export", "@model.safetensors", "b.onnx"])
        .succeeded();
    assert_eq!(read("a.onnx"), read("b.onnx"));
    bench.run(&["export", "@run", "a.py"]).succeeded();
    let source = String::from_utf8(read("a.py")).unwrap();
    for part in [
        "CLASSES = [\"0\",\"1\",\"2\"]\n",
        "            nn.Linear(36, 3),\n",
        "load_file(file or Path(__file__).parent / \"run/model.safetensors\")",
    ] {
        assert!(source.contains(part), "no {part} in {source}");
    }
    bench.run(&["export", "@run", "a.html"]).succeeded();
    let page = String::from_utf8(read("a.html")).unwrap();
    for part in [
        "<!DOCTYPE html>",
        r#""spec":"flatten linear(3)","classes":["0","1","2"],"input":[1,6,6]"#,
        "default-src 'none'",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    let args = ["--weights", "model.safetensors", "--input", "1x6x6"];
    let spec = ["export", "flatten linear(3)", "c.onnx"];
    bench.run(&[&spec[..], &args].concat()).succeeded();
    assert!(read("a.onnx").len() > 4 * (36 * 3 + 3));

    for (option, added) in [
        ("--softmax", "Softmax"),
        ("--normalise", "normalise.Mul"),
        ("--uint8", "normalise.Cast"),
    ] {
        bench.run(&["export", "@run", "d.onnx", option]).succeeded();
        let has = |name: &str| {
            read(name)
                .windows(added.len())
                .any(|w| w == added.as_bytes())
        };
        assert!(!has("a.onnx") && has("d.onnx"), "{option}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_written() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let export = |args: &[&str]| bench.run(&[&["export"], args].concat());
    export(&["flatten linear(3)", "m.onnx"]).failed(2, &["a spec has no weights", "--weights"]);
    for name in ["m", "m.onx", "m.pt"] {
        export(&["@run", name]).failed(2, &[name, ".onnx", ".safetensors", ".py", ".html"]);
    }
    for option in ["--softmax", "--normalise", "--uint8"] {
        export(&["@run", "m.safetensors", option]).failed(2, &[option]);
        export(&["@run", "m.py", option]).failed(2, &[option]);
        export(&["@run", "m.html", option]).failed(2, &[option]);
    }
    export(&["@run", "m.onnx", "--f32"]).failed(2, &["--f32", "HTML"]);
    let row = [
        "flatten linear(3)",
        "m.html",
        "--weights",
        "run/model.safetensors",
        "--input",
        "36",
    ];
    export(&row).failed(2, &["images of 1 or 3 channels", "takes 36"]);
    let weights = ["--weights", "run/model.safetensors", "--input", "1x6x6"];
    let twice = ["flatten linear(3) softmax", "m.onnx", "--softmax"];
    export(&[&twice[..], &weights].concat())
        .failed(2, &["outputs probabilities already", "^^^^^^^"]);
    export(&["@run", "nowhere/m.onnx"]).failed(6, &["nowhere/m.onnx", "can't be written"]);
    let files = fs::read_dir(bench.dir.path()).unwrap();
    let left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "only the data and the run: {left:?}");
}

/// A symbolic link is followed: its target is written, and the link itself stays.
#[cfg(unix)]
#[test]
fn an_export_goes_through_a_link() {
    let bench = Bench::new();
    bench.train("a", &[]);
    std::fs::create_dir(bench.path("far")).unwrap();
    for (link, target) in [("m.onnx", "far/x"), ("m.safetensors", "far/y")] {
        std::os::unix::fs::symlink(target, bench.path(link)).unwrap();
        bench.run(&["export", "@a", link]).succeeded();
        let about = std::fs::symlink_metadata(bench.path(link)).unwrap();
        assert!(about.is_symlink(), "{link}");
        assert!(std::fs::metadata(bench.path(target)).unwrap().len() > 100);
    }
}

/// docs/digit.html is a page as it is written today: `tapeline export` has to write it again after a change.
#[test]
fn the_page_in_the_documentation_is_not_stale() {
    let page = include_str!("../../../docs/digit.html");
    let parts = [
        include_str!("../../../models/src/page/runtime.js"),
        include_str!("../../../models/src/page/digit.js"),
        include_str!("../../../models/src/page/page.js"),
        include_str!("../../../models/src/page/page.css"),
    ];
    assert!(parts.iter().all(|part| page.contains(part)));
}
