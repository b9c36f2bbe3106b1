//! Event files, read back with an independent reader written after the specification of the format.

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::common::Bench;

/// CRC-32C as defined, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| bit(crc))
    })
}

fn masked(bytes: &[u8]) -> u32 {
    let crc = crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (first, rest) = bytes
        .split_first_chunk::<N>()
        .expect("the file ends within a record");
    *bytes = rest;
    *first
}

/// The records of a file, with verified checksums.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length: [u8; 8] = take(&mut bytes);
        assert_eq!(u32::from_le_bytes(take(&mut bytes)), masked(&length));
        let (record, rest) = bytes.split_at(u64::from_le_bytes(length) as usize);
        bytes = rest;
        assert_eq!(u32::from_le_bytes(take(&mut bytes)), masked(record));
        records.push(record.to_vec());
    }
    records
}

/// A field of a protocol buffer message.
#[derive(Debug)]
enum Field {
    Varint(u64),
    Double(f64),
    Bytes(Vec<u8>),
    Float(f32),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let [byte] = take(bytes);
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Decodes the fields of a protocol buffer message, with their numbers.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => Field::Double(f64::from_le_bytes(take(&mut bytes))),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (inside, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(inside.to_vec())
            }
            5 => Field::Float(f32::from_le_bytes(take(&mut bytes))),
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

/// The version in the first record of a file, and its scalars by tag and step.
fn scalars(file: &[u8]) -> (String, BTreeMap<(String, u64), f32>) {
    let (mut version, mut scalars) = (String::new(), BTreeMap::new());
    for (i, record) in records(file).iter().enumerate() {
        let (mut step, mut seconds, mut summary) = (0, 0.0, Vec::new());
        for field in fields(record) {
            match field {
                (1, Field::Double(time)) => seconds = time,
                (2, Field::Varint(number)) => step = number,
                (3, Field::Bytes(text)) if i == 0 => version = String::from_utf8(text).unwrap(),
                (5, Field::Bytes(inside)) => summary = fields(&inside),
                other => panic!("{other:?}"),
            }
        }
        assert!(seconds > 1.7e9, "a time in seconds since 1970");
        for value in summary {
            let (1, Field::Bytes(inside)) = value else {
                panic!("{value:?}")
            };
            let inside = fields(&inside);
            let [(1, Field::Bytes(tag)), (2, Field::Float(value))] = &inside[..] else {
                panic!("{inside:?}")
            };
            let tag = String::from_utf8(tag.clone()).unwrap();
            assert!(
                scalars.insert((tag, step), *value).is_none(),
                "a number twice"
            );
        }
    }
    (version, scalars)
}

/// The wall-clock times of a file's epochs.
fn times(file: &[u8]) -> BTreeMap<u64, f64> {
    let mut times = BTreeMap::new();
    for record in records(file).iter().skip(1) {
        let (mut step, mut seconds) = (0, 0.0);
        for field in fields(record) {
            match field {
                (1, Field::Double(time)) => seconds = time,
                (2, Field::Varint(number)) => step = number,
                _ => {}
            }
        }
        times.insert(step, seconds);
    }
    times
}

fn event_files(bench: &Bench, run: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.path(run))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.collect();
    files.retain(|file| {
        file.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("events.out.tfevents.")
    });
    files
}

/// Asserts that a run has exactly one event file, with exactly the values of its metrics.
#[track_caller]
fn holds_the_metrics(bench: &Bench, run: &str, epochs: usize, tags: &[&str]) {
    let files = event_files(bench, run);
    assert_eq!(files.len(), 1, "{files:?}");
    let (version, mut scalars) = scalars(&fs::read(&files[0]).unwrap());
    assert_eq!(version, "brain.Event:2");
    let metrics = fs::read_to_string(bench.path(run).join("metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), epochs);
    for (line, step) in metrics.lines().zip(1..) {
        let metrics: serde_json::Value = serde_json::from_str(line).unwrap();
        for tag in tags {
            let key = match tag.split_once('/') {
                Some((what, of)) => format!("{of}_{what}"),
                None => tag.to_string(),
            };
            let wanted = metrics[key].as_f64().unwrap() as f32;
            assert_eq!(
                scalars.remove(&(tag.to_string(), step)),
                Some(wanted),
                "{tag}, {step}"
            );
        }
    }
    assert!(scalars.is_empty(), "{scalars:?}");
}

const TAGS: [&str; 7] = [
    "loss/train",
    "loss/test",
    "accuracy/train",
    "accuracy/test",
    "seconds/train",
    "seconds/test",
    "lr",
];

#[test]
fn an_event_file_has_the_figures_of_each_epoch() {
    // The check value of CRC-32C, from RFC 3720.
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    let bench = Bench::new();
    bench.train("plain", &[]);
    assert!(event_files(&bench, "plain").is_empty());
    bench.train("watched", &["--tensorboard", "--val", "11"]);
    holds_the_metrics(
        &bench,
        "watched",
        2,
        &[&TAGS[..], &["loss/val", "accuracy/val"]].concat(),
    );
    let model = |run: &str| fs::read(bench.path(run).join("model.safetensors")).unwrap();
    bench.train("same", &["--val", "11"]);
    assert_eq!(model("watched"), model("same"));
}

/// A resumed run appends to its event file if it has one; otherwise it can create one.
#[test]
fn a_resumed_run_has_one_event_file_with_all_epochs() {
    let bench = Bench::new();
    bench.train("watched", &["--tensorboard"]);
    bench
        .run(&["train", "--resume", "watched", "--epochs", "4"])
        .succeeded();
    holds_the_metrics(&bench, "watched", 4, &TAGS);

    bench.train("late", &[]);
    bench
        .run(&[
            "train",
            "--resume",
            "late",
            "--epochs",
            "3",
            "--tensorboard",
        ])
        .succeeded();
    holds_the_metrics(&bench, "late", 3, &TAGS);
}

/// The timestamps of epochs stay the same however often the run is resumed, also if the file ends
/// with a partial record.
#[test]
fn epochs_keep_their_times() {
    let bench = Bench::new();
    bench.train("a", &["--tensorboard"]);
    let file = || fs::read(&event_files(&bench, "a")[0]).unwrap();
    let mut before = times(&file());
    assert_eq!(before.len(), 2);
    for epochs in [3, 4] {
        let cut = [&file()[..], &[9, 0, 0]].concat();
        fs::write(&event_files(&bench, "a")[0], cut).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let begun = std::time::SystemTime::now();
        let begun = begun.duration_since(std::time::UNIX_EPOCH).unwrap();
        let number = epochs.to_string();
        bench
            .run(&["train", "--resume", "a", "--epochs", &number])
            .succeeded();
        let after = times(&file());
        assert!(after[&epochs] >= begun.as_secs_f64());
        before.insert(epochs, after[&epochs]);
        assert_eq!(after, before);
    }
}
