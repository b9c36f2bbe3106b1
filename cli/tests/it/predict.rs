//! Tests of `tapeline predict`.

use std::{collections::BTreeMap, fs, path::Path};

use crate::common::{Bench, Ran, fixture, keys};
use image::{DynamicImage, GrayImage, Luma, Rgba, RgbaImage};
use tapeline_data::{Images, write_images};
use tapeline_layers::layers;
use tapeline_models::{Model, presets, weights};

/// A bench with a model for 28x28 images in `m`.
fn trained() -> Bench {
    let bench = Bench::new();
    bench.data("big", 28, 12, 6);
    let args = [
        "train",
        "flatten linear(3)",
        "--data",
        "big",
        "--epochs",
        "2",
        "--lr",
        "0.01",
        "--out",
        "m",
    ];
    bench.run(&args).succeeded();
    bench
}

fn predict(bench: &Bench, files: &[&str], more: &[&str]) -> Ran {
    bench
        .run(&[&["predict", "@m", "--json"], more, files].concat())
        .succeeded()
}

fn probabilities(ran: &Ran) -> Vec<serde_json::Value> {
    ran.json()
        .iter()
        .map(|line| line["probabilities"].clone())
        .collect()
}

fn path(name: &str) -> String {
    fixture(name).to_str().unwrap().into()
}

/// The weights are finite, but a sum over bright pixels overflows.
#[test]
fn outputs_that_are_not_finite_are_refused() {
    let bench = Bench::new();
    let model = Model::build("flatten linear(3)", &[1, 6, 6], &layers(), &presets()).unwrap();
    let mut params = model.init(0);
    params.values_mut().for_each(|mut value| value.fill(3e38));
    let bytes = weights::encode(&params, &BTreeMap::new());
    fs::write(bench.path("large.safetensors"), bytes).unwrap();
    let file = "data/t10k-images-idx3-ubyte";
    let model = ["flatten linear(3)", "--weights", "large.safetensors"];
    let predicted = [&["predict"], &model[..], &[file, "--input", "1x6x6"]].concat();
    let evaluated = [&["eval"], &model[..], &["--data", "data"]].concat();
    let wanted = "isn't finite; the first non-finite value came from `linear` in `1 linear`";
    for more in [&[][..], &["--json"]] {
        let place = format!("{file}[0]: the model's output {wanted}");
        bench
            .run(&[&predicted[..], more].concat())
            .failed(5, &[&place]);
        let place = format!("flatten linear(3): the model's output {wanted}");
        bench
            .run(&[&evaluated[..], more].concat())
            .failed(5, &[&place]);
    }
}

#[test]
fn every_form_of_a_picture_is_the_same_input() {
    let bench = trained();
    let bar = probabilities(&predict(&bench, &[&path("one-white-on-black.png")], &[]));
    for form in ["one-16bit.png", "one-1bit.png", "one-palette.png"] {
        let ran = predict(&bench, &[&path(form)], &[]);
        assert_eq!(probabilities(&ran), bar, "{form}");
        assert!(!ran.stderr.contains("background"), "{ran:#?}");
    }
    let dark = [&path("one-black-on-white.png")[..]];
    let warned = predict(&bench, &dark, &[]);
    assert!(
        warned.stderr.contains("light background; use `--invert`"),
        "{warned:#?}"
    );
    let light = [&path("one-white-on-black.png")[..]];
    let warned = predict(&bench, &light, &["--invert"]);
    assert!(
        warned.stderr.contains("light background; omit `--invert`"),
        "{warned:#?}"
    );
    let inverted = predict(&bench, &dark, &["--invert"]);
    assert_eq!(probabilities(&inverted), bar);
    assert!(!inverted.stderr.contains("background"), "{inverted:#?}");

    // 384 of 65535 is 1.5 of 255.
    let found = probabilities(&predict(&bench, &[&path("dark-16bit.png")], &[]));
    let near = [1, 2].map(|value| {
        GrayImage::from_pixel(28, 28, Luma([value]))
            .save(bench.path("near.png"))
            .unwrap();
        probabilities(&predict(&bench, &["near.png"], &[]))
    });
    assert!(near.contains(&found));
}

#[test]
fn transparency_lies_on_white_and_colours_become_grey() {
    let bench = trained();
    let shade = |x: u32, y: u32| (x * 5 + y * 3) as u8;
    let clear = RgbaImage::from_fn(28, 28, |x, y| {
        if y < 14 {
            Rgba([9, 9, 9, 0])
        } else {
            let v = shade(x, y);
            Rgba([v, v, v, 255])
        }
    });
    clear.save(bench.path("clear.png")).unwrap();
    let laid = GrayImage::from_fn(28, 28, |x, y| {
        Luma([if y < 14 { 255 } else { shade(x, y) }])
    });
    laid.save(bench.path("laid.png")).unwrap();
    let found = probabilities(&predict(&bench, &["clear.png", "laid.png"], &["-q"]));
    assert_eq!(found[0], found[1]);
    let grey = DynamicImage::from(laid);
    grey.to_rgb8().save(bench.path("rgb.png")).unwrap();
    assert_eq!(
        probabilities(&predict(&bench, &["rgb.png"], &["-q"]))[0],
        found[0]
    );
}

#[test]
fn an_orientation_tag_is_followed() {
    use image::{ImageEncoder, codecs::png::PngEncoder};
    let bench = trained();
    let lying = GrayImage::from_fn(28, 28, |x, _| Luma([x as u8]));
    // A TIFF header with one entry: Orientation (0x0112), type short, value 6: rotate by 90°
    // clockwise.
    let tag = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_exif_metadata(tag.to_vec()).unwrap();
    encoder
        .write_image(&lying, 28, 28, image::ExtendedColorType::L8)
        .unwrap();
    fs::write(bench.path("tagged.png"), png).unwrap();
    // After the rotation, the left edge is at the top.
    GrayImage::from_fn(28, 28, |_, y| Luma([y as u8]))
        .save(bench.path("upright.png"))
        .unwrap();
    let found = probabilities(&predict(&bench, &["tagged.png", "upright.png"], &[]));
    assert_eq!(found[0], found[1]);
}

#[test]
fn sizes_are_refused_or_scaled() {
    let bench = trained();
    for (file, size) in [("tall-56x28.png", "1x56x28"), ("tiny-1x1.png", "1x1x1")] {
        let file = path(file);
        bench
            .run(&["predict", "@m", &file])
            .failed(3, &[&file, size, "1x28x28", "--resize"]);
        predict(&bench, &[&file], &["--resize"]);
    }
    GrayImage::new(3000, 20)
        .save(bench.path("wide.png"))
        .unwrap();
    predict(&bench, &["wide.png"], &["--resize"]);

    // A picture scaled up by duplicating each pixel is classified the same.
    let small = GrayImage::from_fn(28, 28, |x, y| {
        Luma([if (8..12).contains(&x) && (4..24).contains(&y) {
            255
        } else {
            0
        }])
    });
    small.save(bench.path("small.png")).unwrap();
    GrayImage::from_fn(56, 56, |x, y| *small.get_pixel(x / 2, y / 2))
        .save(bench.path("large.png"))
        .unwrap();
    let found = predict(&bench, &["small.png", "large.png"], &["--resize"]).json();
    for class in 0..3 {
        let [small, large] =
            [0, 1].map(|i: usize| found[i]["probabilities"][class].as_f64().unwrap());
        assert!((small - large).abs() < 0.05, "{found:?}");
    }
}

#[test]
fn an_absurd_size_is_refused_before_memory_is_taken() {
    let bench = trained();
    // The header of a PNG of 100000 x 100000 pixels, with its checksum.
    let mut png = fs::read(fixture("one-white-on-black.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let sum = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&sum);
    fs::write(bench.path("bomb.png"), png).unwrap();
    bench
        .run(&["predict", "@m", "bomb.png", "--resize"])
        .failed(3, &["bomb.png", "is too large, wanted at most"]);
}

/// The checksum of PNG: CRC-32.
fn crc(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| {
        if crc & 1 == 1 {
            0xedb8_8320 ^ (crc >> 1)
        } else {
            crc >> 1
        }
    };
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| bit(crc))
    })
}

#[test]
fn images_of_an_idx_file_have_numbers() {
    let bench = trained();
    let ran = predict(&bench, &["big/t10k-images-idx3-ubyte"], &[]);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        keys(lines[0]),
        ["file", "index", "class", "name", "probabilities"]
    );
    let numbers: Vec<_> = ran
        .json()
        .iter()
        .map(|line| line["index"].as_u64())
        .collect();
    assert_eq!(numbers, (0..6).map(Some).collect::<Vec<_>>());
    let picture = predict(&bench, &[&path("one-1bit.png")], &[]);
    assert_eq!(
        keys(&picture.stdout),
        ["file", "class", "name", "probabilities"]
    );
    let text = bench
        .run(&["predict", "@m", "big/t10k-images-idx3-ubyte"])
        .succeeded()
        .stdout;
    assert_eq!(text.lines().count(), 6);
    assert!(text.lines().all(|line| line.contains(" %")), "{text}");
}

#[test]
fn transposing_swaps_rows_and_columns() {
    let bench = trained();
    let pixels: Vec<u8> = (0..784).map(|i| (i % 28 * 2) as u8).collect();
    write_images(bench.path("lying"), &Images::new(pixels, [1, 1, 28, 28])).unwrap();
    let pixels: Vec<u8> = (0..784).map(|i| (i / 28 * 2) as u8).collect();
    write_images(bench.path("upright"), &Images::new(pixels, [1, 1, 28, 28])).unwrap();
    let upright = probabilities(&predict(&bench, &["upright"], &[]));
    assert_eq!(
        probabilities(&predict(&bench, &["lying"], &["--transpose"])),
        upright
    );
    assert_ne!(probabilities(&predict(&bench, &["lying"], &[])), upright);
}

#[test]
fn a_bad_file_does_not_hide_the_others() {
    let bench = trained();
    fs::write(bench.path("note.txt"), "no picture").unwrap();
    fs::write(bench.path("empty"), "").unwrap();
    fs::write(
        bench.path("cut.png"),
        &fs::read(fixture("one-16bit.png")).unwrap()[..60],
    )
    .unwrap();
    fs::create_dir(bench.path("nothing")).unwrap();
    // A file on which the decoder panics, found by fuzzing.
    let crash = "../fuzz/crashes/picture/jpeg-at-which-the-decoder-panics";
    let crash = Path::new(env!("CARGO_MANIFEST_DIR")).join(crash);
    let good = path("one-1bit.png");
    let ran = bench.run(&[
        "predict",
        "@m",
        "note.txt",
        "empty",
        "cut.png",
        crash.to_str().unwrap(),
        "missing.png",
        "nothing",
        &good,
    ]);
    assert_eq!(
        (ran.code, ran.stdout.lines().count()),
        (Some(3), 1),
        "{ran:#?}"
    );
    for part in [
        "note.txt: is a text, wanted a PNG, JPEG, WebP, BMP, GIF or IDX file",
        "empty: is empty",
        "cut.png: is damaged",
        "jpeg-at-which-the-decoder-panics: is damaged",
        "missing.png: cannot open",
        "nothing: the folder has no pictures",
    ] {
        assert!(ran.stderr.contains(part), "no {part} in {ran:#?}");
    }
}

/// Dropout and batch statistics apply to training only, so the prediction for an image depends on
/// nothing but that image.
#[test]
fn a_prediction_repeats_itself_and_does_not_see_its_companions() {
    let bench = Bench::new();
    bench.data("big", 28, 24, 6);
    let spec = "conv2d(2, 5) batchnorm2d relu flatten dropout(0.5) linear(3)";
    let args = [
        "train",
        spec,
        "--data",
        "big",
        "--epochs",
        "1",
        "--batch-size",
        "8",
        "--out",
        "m",
    ];
    bench.run(&args).succeeded();

    let one = path("one-white-on-black.png");
    let alone = probabilities(&predict(&bench, &[&one], &[]));
    for _ in 0..9 {
        assert_eq!(probabilities(&predict(&bench, &[&one], &[])), alone);
    }
    for brightness in 1..10u8 {
        let image = GrayImage::from_pixel(28, 28, Luma([25 * brightness]));
        image
            .save(bench.path(&format!("{brightness}.png")))
            .unwrap();
    }
    let companions: Vec<_> = (1..10).map(|i| format!("{i}.png")).collect();
    let mut files: Vec<_> = companions.iter().map(String::as_str).collect();
    files.insert(4, &one);
    let together = probabilities(&predict(&bench, &files, &[]));
    assert_eq!(together.len(), 10);
    assert_eq!(together[4], alone[0]);
    assert_ne!(together[4], together[5], "other images give something else");
}

/// Pictures in a folder are classified in the order of their names, whatever their extension. Other
/// files are counted, and damaged pictures don't prevent the others from being classified.
#[test]
fn the_pictures_of_a_folder_are_classified_by_name() {
    let bench = trained();
    let folder = bench.path("pictures");
    fs::create_dir_all(folder.join("c.png")).unwrap();
    let bar = fs::read(fixture("one-white-on-black.png")).unwrap();
    for name in [
        "b.png",
        "a.PNG",
        "no-ending",
        ".hidden.png",
        "c.png/inside.png",
    ] {
        fs::write(folder.join(name), &bar).unwrap();
    }
    for (name, text) in [("notes.txt", "no picture"), ("table.csv", "1,2")] {
        fs::write(folder.join(name), text).unwrap();
    }
    write_images(
        folder.join("many"),
        &Images::new(vec![0; 2 * 784], [2, 1, 28, 28]),
    )
    .unwrap();
    let single = path("one-1bit.png");
    let ran = predict(&bench, &["pictures", &single], &[]);
    let found: Vec<_> = ran
        .json()
        .iter()
        .map(|line| {
            (
                line["file"].as_str().unwrap().to_string(),
                line["index"].as_u64(),
            )
        })
        .collect();
    let inside = |name: &str| folder_path("pictures", name);
    let wanted = [
        (inside("a.PNG"), None),
        (inside("b.png"), None),
        (inside("many"), Some(0)),
        (inside("many"), Some(1)),
        (inside("no-ending"), None),
        (single.clone(), None),
    ];
    assert_eq!(found, wanted);
    assert!(
        ran.stderr
            .contains("pictures: skipped 2 files that are not pictures"),
        "{ran:#?}"
    );
    // The prediction doesn't depend on the other pictures in the batch.
    let alone = probabilities(&predict(&bench, &[&single], &[]));
    assert!(
        probabilities(&ran)
            .iter()
            .filter(|p| **p == alone[0])
            .count()
            == 4
    );

    fs::write(folder.join("a.PNG"), &bar[..60]).unwrap();
    fs::write(folder.join("blank.jpg"), "").unwrap();
    let ran = bench.run(&["predict", "@m", "pictures"]);
    assert_eq!(
        (ran.code, ran.stdout.lines().count()),
        (Some(3), 4),
        "{ran:#?}"
    );
    for part in [
        "a.PNG: is damaged",
        "blank.jpg: is empty",
        "4 images in 0.",
        "images/s",
    ] {
        assert!(ran.stderr.contains(part), "no {part} in {ran:#?}");
    }
    fs::create_dir(bench.path("text")).unwrap();
    fs::write(bench.path("text/notes.txt"), "no picture").unwrap();
    bench
        .run(&["predict", "@m", "text"])
        .failed(3, &["text: the folder has no pictures"]);
}

fn folder_path(folder: &str, name: &str) -> String {
    std::path::Path::new(folder)
        .join(name)
        .display()
        .to_string()
}

/// Predicts more images than fit into one batch, from files whose boundaries are not those of the
/// batches.
#[test]
fn batches_go_over_the_borders_of_files() {
    let bench = trained();
    let pixels = |count: usize| (0..count * 784).map(|i| (i / 784 % 251) as u8).collect();
    let names = ["first", "second"];
    for (name, count) in names.into_iter().zip([150, 270]) {
        write_images(
            bench.path(name),
            &Images::new(pixels(count), [count, 1, 28, 28]),
        )
        .unwrap();
    }
    let together = predict(&bench, &names, &["-q"]);
    let alone: String = names
        .iter()
        .map(|name| predict(&bench, &[name], &["-q"]).stdout)
        .collect();
    assert_eq!(together.stdout.lines().count(), 420);
    assert_eq!(together.stdout, alone);
}

/// Pipes, sockets and devices in a folder are skipped; a path given by the user may be a pipe,
/// which is read once.
#[cfg(unix)]
#[test]
fn pipes_in_a_folder_are_passed_over_and_pipes_that_are_named_are_read() {
    use std::{io::Write, process::Stdio};

    let bench = trained();
    let folder = bench.path("pipes");
    fs::create_dir(&folder).unwrap();
    for name in ["pipe", "pipe.png"] {
        let made = std::process::Command::new("mkfifo")
            .arg(folder.join(name))
            .status();
        assert!(made.unwrap().success());
    }
    let bar = fs::read(fixture("one-white-on-black.png")).unwrap();
    fs::write(folder.join("bar.png"), &bar).unwrap();
    let ran = predict(&bench, &["pipes"], &[]);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(
        ran.stderr
            .contains("pipes: skipped 2 files that are not pictures"),
        "{ran:#?}"
    );

    let images = fs::read(bench.path("big/t10k-images-idx3-ubyte")).unwrap();
    for (bytes, lines) in [(&bar, 1), (&images, 6)] {
        let mut child = bench
            .command(&["predict", "@m", "/dev/stdin", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let ran = Ran::new(child.wait_with_output().unwrap()).succeeded();
        assert_eq!(ran.stdout.lines().count(), lines);
        let file = if lines == 1 {
            path("one-white-on-black.png")
        } else {
            "big/t10k-images-idx3-ubyte".into()
        };
        assert_eq!(
            probabilities(&ran),
            probabilities(&predict(&bench, &[&file], &[]))
        );
    }
}

#[test]
fn gzipped_idx_files_in_a_folder_are_found() {
    let bench = trained();
    let folder = bench.path("packed");
    fs::create_dir(&folder).unwrap();
    let packed = folder.join("x-idx3-ubyte.gz");
    write_images(&packed, &Images::new(vec![0; 2 * 784], [2, 1, 28, 28])).unwrap();
    assert!(fs::read(&packed).unwrap().starts_with(&[0x1f, 0x8b]));
    // A gzipped file that contains no images is skipped.
    fs::copy(fixture("good-labels-idx1"), folder.join("labels")).unwrap();
    assert_eq!(predict(&bench, &["packed"], &[]).stdout.lines().count(), 2);
}

/// Draws dark bars on grey paper, which is darker on one side.
fn bars(bench: &Bench, name: &str, lefts: &[u32]) {
    let picture = GrayImage::from_fn(400, 300, |x, y| {
        let is_ink = lefts.iter().any(|left| (*left..left + 15).contains(&x));
        let light = 200 - x / 8;
        let shade = if is_ink && (80..200).contains(&y) {
            light / 3
        } else {
            light
        };
        Luma([(shade + (x * 7 + y * 13) % 5) as u8])
    });
    picture.save(bench.path(name)).unwrap();
}

#[test]
fn pictures_are_prepared_for_models_of_mnist() {
    let bench = Bench::new();
    let train = |data: &str, out: &str| {
        let spec = if data == "mnist" {
            "flatten linear(10)"
        } else {
            "flatten linear(3)"
        };
        let args = [
            "train", spec, "--data", data, "--limit", "60", "--epochs", "1", "--out", out,
        ];
        bench.run(&args).succeeded();
    };
    train("mnist", "m");
    bars(&bench, "one.png", &[250]);
    bars(&bench, "two.png", &[60, 250]);
    bars(&bench, "none.png", &[]);
    let found = predict(&bench, &["one.png"], &[]);
    assert_eq!(found.stderr, "");
    for more in ["--fit", "--fit=always", "--fit=auto"] {
        let other = predict(&bench, &["one.png"], &[more]);
        assert_eq!(probabilities(&other), probabilities(&found), "{more}");
    }
    let never = ["predict", "@m", "one.png", "--fit=never"];
    bench
        .run(&never)
        .failed(3, &["one.png", "1x28x28", "`--resize`", "`--fit`"]);
    // Other options that prepare a picture take precedence.
    let resized = predict(&bench, &["one.png"], &["--resize", "--invert"]);
    assert_ne!(probabilities(&resized), probabilities(&found));
    for other in ["--invert", "--resize"] {
        bench
            .run(&["predict", "@m", "one.png", "--fit", other])
            .failed(2, &["--fit can't be combined with", other]);
    }
    // Pictures of the model's size are left alone, unless it is asked for.
    let small = path("one-white-on-black.png");
    let left = probabilities(&predict(&bench, &[&small], &["-q"]));
    assert_eq!(
        probabilities(&predict(&bench, &[&small], &["-q", "--fit=never"])),
        left
    );
    assert_ne!(
        probabilities(&predict(&bench, &[&small], &["-q", "--fit"])),
        left
    );

    let ran = predict(&bench, &["one.png", "two.png", "none.png", "none.png"], &[]);
    assert_eq!(ran.stdout.lines().count(), 4);
    for part in [
        "two.png: several shapes",
        "none.png and 1 more of 4 images: no ink was found",
    ] {
        assert!(ran.stderr.contains(part), "no {part} in {ran:#?}");
    }
    assert_eq!(ran.stderr.lines().count(), 2, "{ran:#?}");

    // Another dataset doesn't say how its images were prepared; a model of 6x6 pixels is too small.
    bench.data("big", 28, 12, 6);
    train("big", "other");
    bench
        .run(&["predict", "@other", "one.png"])
        .failed(3, &["1x28x28"]);
    bench
        .run(&["predict", "@other", "one.png", "--fit"])
        .succeeded();
    train("data", "small");
    bench
        .run(&["predict", "@small", "one.png", "--fit"])
        .failed(2, &["--fit prepares grey, square images", "1x6x6"]);
}

/// A kind of warning comes once, however many images it is about. A model file without figures of
/// the training data says nothing.
#[test]
fn images_unlike_the_training_data_are_warned_of() {
    let bench = trained();
    for name in ["a", "b", "c"] {
        let black = GrayImage::new(28, 28);
        black.save(bench.path(&format!("{name}.png"))).unwrap();
    }
    let files = ["a.png", "b.png", "c.png"];
    let ran = predict(&bench, &files, &[]);
    for what in ["mean brightness", "share of bright pixels", "contrast"] {
        let warning = format!("a.png and 2 more of 3 images: the {what} is far outside");
        assert_eq!(ran.stderr.matches(&warning).count(), 1, "{ran:#?}");
    }
    assert_eq!(ran.stderr.lines().count(), 3, "{ran:#?}");
    assert_eq!(
        predict(&bench, &["big/t10k-images-idx3-ubyte"], &[]).stderr,
        ""
    );

    let file = bench.path("m/model.safetensors");
    let model = tapeline_models::load(&file, &layers(), &presets()).unwrap();
    let metadata = weights::metadata(&fs::read(&file).unwrap(), &file).unwrap();
    let older = metadata.iter().filter(|(key, _)| *key != "statistics");
    let older = older
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    fs::write(
        bench.path("old.safetensors"),
        weights::encode(&model.params, &older),
    )
    .unwrap();
    let ran = bench
        .run(&["predict", "@old.safetensors", "--json", "a.png"])
        .succeeded();
    assert_eq!(ran.stderr, "");
}

#[test]
fn subfolders_are_entered_if_asked() {
    let bench = trained();
    let bar = fs::read(fixture("one-white-on-black.png")).unwrap();
    for name in [
        "top/b/2.png",
        "top/a/deep/1.png",
        "top/.hidden/3.png",
        "top/c/notes.txt",
    ] {
        let file = bench.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &bar).unwrap();
    }
    fs::write(bench.path("top/c/notes.txt"), "no picture").unwrap();
    // A link that goes in a circle.
    #[cfg(unix)]
    std::os::unix::fs::symlink(bench.path("top"), bench.path("top/b/again")).unwrap();
    bench
        .run(&["predict", "@m", "top"])
        .failed(3, &["top: the folder has no pictures", "`--recursive`"]);
    let ran = predict(&bench, &["top"], &["--recursive"]);
    let files: Vec<_> = ran.json().iter().map(|line| line["file"].clone()).collect();
    let wanted = ["top/a/deep/1.png", "top/b/2.png"];
    assert_eq!(files, wanted);
    assert!(
        ran.stderr
            .contains("top: skipped 1 file that is not a picture"),
        "{ran:#?}"
    );
}

#[test]
fn paths_come_from_standard_input_and_results_go_to_csv() {
    use std::{io::Write, process::Stdio};

    let bench = trained();
    let bar = fs::read(fixture("one-white-on-black.png")).unwrap();
    fs::write(bench.path("a,b.png"), &bar).unwrap();
    fs::write(bench.path("c.png"), &bar).unwrap();
    let piped = |paths: &str| {
        let mut child = bench
            .command(&["predict", "@m", "c.png", "-", "--csv", "-q"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(paths.as_bytes())
            .unwrap();
        Ran::new(child.wait_with_output().unwrap())
    };
    let ran = piped("a,b.png\r\n\nbig/t10k-images-idx3-ubyte\n").succeeded();
    let lines: Vec<_> = ran.stdout.lines().collect();
    let heading = r#"file,index,class,name,"0","1","2""#;
    assert_eq!((lines.len(), lines[0]), (9, heading));
    assert!(lines[1].starts_with("\"c.png\",,"), "{ran:#?}");
    assert!(lines[2].starts_with("\"a,b.png\",,"), "{ran:#?}");
    assert!(
        lines[8].starts_with("\"big/t10k-images-idx3-ubyte\",5,"),
        "{ran:#?}"
    );
    let json = predict(&bench, &["c.png"], &["-q"]).json();
    let wanted: Vec<f64> = json[0]["probabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p.as_f64().unwrap())
        .collect();
    let found: Vec<f64> = lines[1]
        .split(',')
        .skip(4)
        .map(|p| p.parse().unwrap())
        .collect();
    assert!(
        found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-6),
        "{found:?} {wanted:?}"
    );

    piped("").failed(3, &["standard input: has no paths of pictures"]);
    let ran = piped("gone.png\na,b.png\n");
    assert_eq!(
        (ran.code, ran.stdout.lines().count()),
        (Some(3), 3),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("gone.png: cannot open"), "{ran:#?}");
    bench
        .run(&["predict", "@m", "c.png", "--csv", "--json"])
        .failed(2, &["--csv", "--json"]);
}
