//! Tests of the listing commands: layers, optimizers, datasets, and the layers of a model.

use crate::common::{Bench, Ran, fixture, keys};

#[test]
fn everything_that_is_listed_can_be_described() {
    let bench = Bench::new();
    for (command, one) in [
        ("layers", "conv2d"),
        ("optimizers", "sgd"),
        ("schedules", "cosine"),
        ("augmentations", "elastic"),
        ("losses", "mse"),
        ("presets", "cnn"),
    ] {
        let list = bench.run(&[command]).succeeded().stdout;
        let names: Vec<_> = list
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(names.contains(&one), "{list}");
        assert!(names.is_sorted(), "{list}");
        for name in names {
            let about = bench.run(&[command, name]).succeeded().stdout;
            assert!(about.starts_with(&format!("{name}: ")), "{about}");
        }
        bench
            .run(&[command, "conv2"])
            .failed(2, &["unknown", "`conv2`", "help: "]);
    }
    let conv2d = bench.run(&["layers", "conv"]).succeeded().stdout;
    for part in [
        "conv2d: ",
        "also called",
        "stride",
        "required",
        "for example",
    ] {
        assert!(conv2d.contains(part), "no {part} in {conv2d}");
    }
    bench.run(&["layers", "maxpol2d"]).failed(
        2,
        &["unknown layer `maxpol2d`", "did you mean `maxpool2d`?"],
    );
}

#[test]
fn a_summary_counts_what_the_report_counts() {
    let bench = Bench::new();
    let summary = bench.run(&["summary", "cnn", "--json"]).succeeded();
    let found = &summary.json()[0];
    // 8·25+8 + 16·8·25+16 + 784·128+128 + 128·10+10 parameters.
    assert_eq!(found["parameters"], 208 + 3216 + 100_480 + 1290);
    // 8·25·784 + 16·8·25·196 + 784·128 + 128·10 multiply-adds.
    assert_eq!(found["multiply_adds"], 156_800 + 627_200 + 100_352 + 1280);
    let memory = &found["memory"];
    // 4 bytes each; momentum stores one value per parameter. The output of a layer for 60 000
    // images alone is larger than both.
    assert_eq!(
        (&memory["parameters"], &memory["optimizer"]),
        (&420_776.into(), &420_776.into())
    );
    let large = bench.run(&[
        "summary",
        "cnn",
        "--json",
        "--batch-size",
        "60000",
        "--optimizer",
        "sgd(momentum=0)",
    ]);
    let large = &large.succeeded().json()[0]["memory"];
    assert_eq!(large["optimizer"], 0);
    assert!(large["activations"].as_u64().unwrap() > 4 * 60_000 * (8 + 16) * 14 * 7);
    let layers = found["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 10);
    assert_eq!(
        (&layers[2]["path"], &layers[2]["output"]),
        (&"2".into(), &serde_json::json!([8, 14, 14]))
    );

    let table = bench.run(&["summary"]).succeeded().stdout;
    let mut totals = table.lines().filter(|line| line.contains("total"));
    assert!(totals.next().unwrap().contains("417746"), "{table}");
    let nested = bench
        .run(&[
            "summary",
            "residual[ relu ] flatten linear(2)",
            "--input",
            "3x4x5",
        ])
        .succeeded()
        .stdout;
    assert!(
        nested.contains("0.0") && nested.contains("3x4x5"),
        "{nested}"
    );
    bench
        .run(&["summary", "mlp", "--input", "1x0x28"])
        .failed(2, &["--input", "like 1x28x28"]);
}

#[test]
fn data_is_listed_and_verified() {
    let bench = Bench::new();
    let list = bench.run(&["data"]).succeeded().stdout;
    for name in [
        "cifar10",
        "csv",
        "fashion_mnist",
        "idx",
        "images",
        "mnist",
        "npz",
    ] {
        assert!(list.contains(&format!("\n{name} ")), "no {name} in {list}");
    }
    let images = bench.run(&["data", "images"]).succeeded().stdout;
    assert!(
        images.starts_with("images: picture files") && images.contains("skip_damaged"),
        "{images}"
    );
    bench
        .run(&["data", "image"])
        .failed(2, &["unknown dataset `image`", "did you mean `images`?"]);
    let found = bench
        .run(&["data", "verify", "mnist", "data"])
        .succeeded()
        .stdout;
    let counts: Vec<_> = found
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(
        counts,
        ["60000", "60000", "10000", "10000", "61", "61", "23", "23"]
    );

    std::fs::copy(
        fixture("images-html"),
        bench.path("data/t10k-images-idx3-ubyte"),
    )
    .unwrap();
    let ran = bench.run(&["data", "verify", "data"]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(
        ran.stderr
            .contains("t10k-images-idx3-ubyte: is an HTML page")
            && ran.stdout.contains("NO"),
        "{ran:#?}"
    );
    bench
        .run(&["data", "verify", "mnits"])
        .failed(3, &["did you mean `mnist`?"]);
}

/// The words that the program offers a shell after some arguments.
fn offered(bench: &Bench, words: &[&str]) -> Vec<String> {
    let args = [&["--", "tapeline"], words].concat();
    let mut command = bench.command(&args);
    let output = command
        .env("TAPELINE_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .output()
        .unwrap();
    let ran = Ran::new(output).succeeded();
    ran.stdout.lines().map(String::from).collect()
}

#[test]
fn completions_know_names_and_runs() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = bench.run(&["completions", shell]).succeeded().stdout;
        assert!(script.contains("TAPELINE_COMPLETE"), "{shell}: {script}");
    }
    bench
        .run(&["completions", "dos"])
        .failed(2, &["dos", "bash"]);

    bench.train("runs/1", &[]);
    std::fs::create_dir(bench.path("runs/more")).unwrap();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["pred"], &["predict"]),
        (&["train", "mlp", "--epo"], &["--epochs"]),
        (&["train", "conv2"], &["conv2d"]),
        (&["train", "flatten maxpool2"], &["flatten maxpool2d"]),
        (&["eval", "@ru"], &["@runs/"]),
        (&["eval", "@runs/"], &["@runs/1", "@runs/more/"]),
        (&["train", "mlp", "--data", "fashion"], &["fashion_mnist"]),
        (&["train", "mlp", "--optimizer", "adamw"], &["adamw"]),
        (&["layers", "softs"], &["softsign"]),
    ];
    for (words, wanted) in cases {
        assert_eq!(offered(&bench, words), wanted, "{words:?}");
    }
    let models = offered(&bench, &["eval", ""]);
    for model in ["@runs/1", "mlp", "linear"] {
        assert!(models.iter().any(|word| word == model), "{models:?}");
    }
    let data = offered(&bench, &["data", "show", "mni"]);
    assert_eq!(data, ["mnist"]);
}

/// Runs are listed with the figures of the epoch that `@` stands for.
#[test]
fn runs_are_listed() {
    let bench = Bench::new();
    bench
        .run(&["runs"])
        .failed(2, &["runs: cannot list the folder", "tapeline train"]);
    for name in ["runs/10", "runs/2"] {
        bench.train(name, &[]);
    }
    let plain = bench.run(&["runs"]).succeeded().stdout;
    let first = |line: &str| line.split_whitespace().next().unwrap().to_string();
    let names: Vec<_> = plain.lines().map(first).collect();
    assert_eq!(names, ["run", "runs/2", "runs/10"]);

    bench.train("runs/val", &["--val", "11", "--epochs", "6", "--lr", "2"]);
    // A run without its result was stopped.
    std::fs::remove_file(bench.path("runs/2/result.json")).unwrap();
    std::fs::create_dir(bench.path("runs/else")).unwrap();
    let runs = bench.run(&["runs", "--json"]).succeeded().json();
    let states: Vec<_> = runs
        .iter()
        .map(|run| run["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["stopped", "done", "done"]);
    assert_eq!(
        (&runs[1]["spec"], &runs[1]["data"]),
        (&"flatten linear(3)".into(), &"data".into())
    );
    for run in &runs {
        let model = format!("@{}", run["run"].as_str().unwrap());
        let found = bench.run(&["eval", &model, "--json"]).succeeded().json();
        assert_eq!(run["test_accuracy"], found[0]["accuracy"], "{model}");
        assert_eq!(run["test_loss"], found[0]["loss"], "{model}");
    }
    let table = bench.run(&["runs"]).succeeded().stdout;
    assert!(table.lines().all(|line| line.len() <= 80), "{table}");
    assert!(table.lines().next().unwrap().contains(" val "), "{table}");

    std::fs::write(bench.path("runs/10/config.toml"), "no").unwrap();
    let rest = bench.run(&["runs"]).succeeded();
    assert!(
        rest.stderr.contains("warning: runs/10/config.toml"),
        "{rest:#?}"
    );
    assert_eq!(rest.stdout.lines().count(), 3);
}

#[test]
fn an_evaluation_counts_every_image() {
    let bench = Bench::new();
    bench.data("more", 6, 4, 401);
    bench.train("a", &[]);
    let ran = bench
        .run(&["eval", "@a", "--data", "more", "--json"])
        .succeeded();
    let class = ["name", "images", "precision", "recall", "f1"];
    let before = [
        "data",
        "transpose",
        "loss_function",
        "loss",
        "accuracy",
        "balanced_accuracy",
        "calibration_error",
        "samples",
        "classes",
    ];
    let wanted = [&before[..], &class, &class, &class, &["confusion"]].concat();
    assert_eq!(keys(&ran.stdout), wanted);
    let found = &ran.json()[0];
    assert_eq!(found["classes"][2]["images"], 133);
    let rows = found["confusion"].as_array().unwrap();
    let counts = rows.iter().map(|row| {
        row.as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap())
            .sum::<u64>()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [134, 134, 133]);
    let text = bench
        .run(&["eval", "@a", "--data", "data"])
        .succeeded()
        .stdout;
    for part in [
        "data: loss ",
        "accuracy ",
        "23 images",
        "recall",
        "precision",
        "f1",
        "balanced accuracy",
        "expected calibration error",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn classes_are_counted_and_drawn() {
    let bench = Bench::new();
    let ran = bench
        .run(&["data", "show", "data", "--out", "sheet.png"])
        .succeeded();
    assert!(ran.stdout.starts_with("data: images of 1x"), "{ran:#?}");
    let counts: Vec<_> = ran
        .stdout
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(counts, ["all", "61", "23"]);
    let sheet = std::fs::read(bench.path("sheet.png")).unwrap();
    assert!(sheet.starts_with(b"\x89PNG"));
    bench
        .run(&["data", "show", "gone"])
        .failed(3, &["gone: no data set of this name"]);
    bench
        .run(&["data", "show", "idx(\"gone\""])
        .failed(2, &["--data"]);
}

#[test]
fn augmented_images_are_drawn() {
    let bench = Bench::new();
    let show = |spec: &str, out: &str, more: &[&str]| {
        let args = [
            "augmentations",
            "show",
            spec,
            "--data",
            "data",
            "--out",
            out,
        ];
        bench.run(&[&args[..], more].concat())
    };
    let ran = show("hflip crop(padding=4)", "a.png", &[]).succeeded();
    // In short: 4 is the default of `padding`.
    assert_eq!(ran.stdout, "data: hflip crop: written to a.png\n");
    show("hflip crop(padding=4)", "b.png", &["--seed", "0"]).succeeded();
    show("hflip crop(padding=4)", "c.png", &["--seed", "1"]).succeeded();
    show("mixup", "d.png", &[]).succeeded();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| {
        image::open(bench.path(&format!("{name}.png")))
            .unwrap()
            .to_rgb8()
    });
    // Three classes, and an image of each with its augmented forms.
    assert!(a == b && a != c && a != d && a.dimensions() == d.dimensions());
    show("hflop", "e.png", &[]).failed(2, &["did you mean `hflip`?"]);
    show("hflip", "none/e.png", &[]).failed(6, &["none/e.png: cannot write"]);
    bench
        .run(&[
            "augmentations",
            "show",
            "hflip",
            "--data",
            "gone",
            "--out",
            "e.png",
        ])
        .failed(3, &["gone: no data set of this name"]);
    assert!(!bench.path("e.png").exists());
}

/// Pictures of three colours in folders, from the files to a model that knows them.
#[test]
fn a_folder_of_pictures_is_trained_on() {
    let bench = Bench::new();
    for (class, color) in [
        ("blue", [0, 0, 255]),
        ("green", [0, 200, 0]),
        ("red", [255, 0, 0u8]),
    ] {
        let folder = bench.path("photos").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..20u8 {
            let shade = color.map(|value: u8| value.saturating_sub(3 * i));
            let picture = image::RgbImage::from_pixel(9, 7, image::Rgb(shade));
            picture.save(folder.join(format!("{i}.png"))).unwrap();
        }
    }
    let spec = "images(\"photos\", size=8, test=0.25)";
    let args = [
        "train",
        "flatten linear(3)",
        "--data",
        spec,
        "--epochs",
        "20",
        "--lr",
        "0.05",
    ];
    let ran = bench
        .run(&[&args[..], &["--batch-size", "5", "--out", "run"]].concat())
        .succeeded();
    assert!(
        ran.stdout.contains("test") && ran.stdout.contains("100.00 %"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("15 of 60 images are split off"),
        "{ran:#?}"
    );
    let config = std::fs::read_to_string(bench.path("run/config.toml")).unwrap();
    assert!(
        config.contains("size=8") && config.contains("/photos\""),
        "{config}"
    );

    // The run finds its pictures from any folder.
    std::fs::create_dir(bench.path("below")).unwrap();
    let mut resume = bench.command(&["train", "--resume", "../run", "--epochs", "21"]);
    let resumed =
        crate::common::Ran::new(resume.current_dir(bench.path("below")).output().unwrap());
    resumed.succeeded();
    let seen = bench
        .run(&["predict", "@run", "photos/green/3.png", "--resize"])
        .succeeded();
    assert!(
        seen.stdout.starts_with("photos/green/3.png: green"),
        "{seen:#?}"
    );

    std::fs::write(bench.path("photos/red/3.png"), "text").unwrap();
    std::fs::write(bench.path("photos/blue/4.png"), "").unwrap();
    let parts = ["blue/4.png: is empty", "red/3.png: is a text"];
    bench.run(&["data", "show", "photos"]).failed(3, &parts);
    let verified = bench.run(&["data", "verify", "photos"]);
    assert_eq!(verified.code, Some(3));
    for part in parts {
        assert!(verified.stderr.contains(part), "{verified:#?}");
    }
}
