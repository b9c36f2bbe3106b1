//! What all definitions have in common.

use std::fs;

use tapeline_data::{DataSource, DatasetDef, LoadOptions, datasets, load};
use tapeline_spec::read_chain;

use super::common::{call, has, says};

/// Returns the definitions that take a path.
fn with_path() -> Vec<DatasetDef> {
    let all = datasets();
    let with_path = all
        .iter()
        .filter(|def| def.args.iter().any(|arg| arg.name == "path"));
    with_path.copied().collect()
}

#[test]
fn examples_are_calls_of_their_definitions() {
    let all = datasets();
    for def in all.iter() {
        assert!(
            !def.about.is_empty() && !def.examples.is_empty(),
            "{}",
            def.name
        );
        for example in def.examples {
            let calls = read_chain(example, &all).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((calls.len(), calls[0].def.name), (1, def.name));
            assert_eq!(calls[0].text(), *example);
            let source = DataSource::find(example, &all).unwrap();
            assert_eq!((source.name(), source.def().name), (*example, def.name));
        }
    }
}

#[test]
fn a_dataset_that_is_not_there_is_named() {
    for def in datasets().iter() {
        for example in def.examples {
            let source = DataSource::find(example, &datasets()).unwrap();
            match source.path() {
                Some(path) => {
                    let gone = tempfile::tempdir().unwrap().path().join(path);
                    let loaded = source.at(&gone).load(&LoadOptions::default());
                    says(loaded, &[&gone.display().to_string(), "o such file"]);
                }
                None => {
                    let loaded = source.load(&LoadOptions::default());
                    assert_eq!(loaded.is_ok(), (def.available)(), "{example}");
                }
            }
        }
    }
}

#[test]
fn a_name_may_have_hyphens() {
    let source = DataSource::find("fashion-mnist", &datasets()).unwrap();
    assert_eq!(
        (source.name(), source.def().name),
        ("fashion-mnist", "fashion_mnist")
    );
}

#[test]
fn wrong_calls_are_shown_in_the_text() {
    for (text, parts) in [
        (
            "images(\"photos\", sise=32)",
            &["sise", "did you mean `size`?"][..],
        ),
        ("images()", &["`images` needs `path`"]),
        ("images", &["`images` needs `path`"]),
        (
            "imags(\"photos\")",
            &["unknown dataset `imags`", "did you mean `images`?"],
        ),
        ("idx(\"a\") idx(\"b\")", &["expected a single dataset"]),
        (
            "images(\"photos\", test=1.5)",
            &["`test` of `images` is 1.5", "below 1"],
        ),
        ("images(\"photos\"", &["error:"]),
        ("mnist(3)", &["mnist"]),
    ] {
        says(load(text), parts);
    }
    says(load("images(\"photos\", channels=2)"), &["photos"]);
}

#[test]
fn folders_and_files_that_are_no_dataset_are_described() {
    let folder = tempfile::tempdir().unwrap();
    says(
        load(folder.path()),
        &["holds no dataset", "the folder holds nothing", "help: "],
    );
    fs::write(folder.path().join("notes.txt"), "text").unwrap();
    says(
        load(folder.path()),
        &["the folder holds notes.txt", "a subfolder for each class"],
    );
    fs::create_dir(folder.path().join("cat")).unwrap();
    says(
        load(folder.path()),
        &["holds cat, notes.txt", "into a subfolder with its name"],
    );
    for (content, help) in [
        (&b"\x93NUMPY\x01\0"[..], "numpy.savez"),
        (b"\0\0\x08\x03", "give the path of its folder"),
        (b"II*\0", "a subfolder for each class"),
        (b"\x1f\x8b\x08", "unpack it first"),
    ] {
        let file = folder.path().join("single");
        fs::write(&file, content).unwrap();
        says(load(&file), &["single: is a", "wanted a folder with", help]);
    }
    says(
        load(folder.path().join("notes.txt")),
        &["notes.txt: ", "wanted a folder with a dataset"],
    );
}

#[test]
fn a_path_that_may_be_several_datasets_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train-labels-idx1-ubyte"), "").unwrap();
    fs::write(folder.path().join("data_batch_1.bin"), "").unwrap();
    let parts = [
        "could be several datasets",
        "`idx(\"",
        "`cifar10(\"",
        "help: choose one of",
    ];
    says(load(folder.path()), &parts);
}

/// A folder called as a definition that needs a path is that folder.
#[test]
fn a_folder_of_the_name_of_a_definition_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    for class in ["a", "b"] {
        for i in 0..5 {
            super::common::write_grey(path.join(class).join(format!("{i}.png")), i);
        }
    }
    let loaded = load(&path).unwrap();
    has(&loaded.notes, "read as `images`: subfolders with pictures");
    assert_eq!(loaded.name, path.display().to_string());
}

#[test]
fn every_reader_names_the_path_that_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let garbage: Vec<u8> = (0..1000u32).map(|i| (i * i * 31 + i / 7) as u8).collect();
    let garbage = &garbage[..];
    let contents = [
        &b""[..],
        b"\0",
        b"PK\x03\x04",
        b"a,b\n1,2\n",
        garbage,
        b"<html>",
    ];
    for def in with_path() {
        for (i, content) in contents.iter().enumerate() {
            let file = folder.path().join(format!("{}-{i}", def.name));
            fs::write(&file, content).unwrap();
            says(
                load(call(def.name, &file, "")),
                &[&file.display().to_string()],
            );
            let inside = folder.path().join(format!("{}-{i}-folder", def.name));
            fs::create_dir(&inside).unwrap();
            says(
                load(call(def.name, &inside, "")),
                &[&inside.display().to_string()],
            );
            for name in [
                "train-images-idx3-ubyte",
                "train.bin",
                "data_batch_1.bin",
                "a.npz",
                "b",
            ] {
                fs::write(inside.join(name), content).unwrap();
            }
            says(
                load(call(def.name, &inside, "")),
                &[&inside.display().to_string()],
            );
        }
    }
}
