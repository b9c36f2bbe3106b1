//! Writes the metrics of each epoch as a TensorBoard event file.
//!
//! An event file is a sequence of TFRecords: a length, its checksum, the record, and its checksum.
//! Each record is an `Event` in protocol buffer encoding; the tags are those of TensorFlow's
//! `event.proto` and `summary.proto`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use prost::Message;
use tapeline_models::Epoch;

/// The prefix of event file names, which TensorBoard requires.
const NAME: &str = "events.out.tfevents.";

/// The file version in the first record.
const VERSION: &str = "brain.Event:2";

/// A record.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    /// Number of the epoch.
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// A named number. TensorBoard groups names by the part before the slash.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// An event file that is being written.
pub struct EventFile(File);

impl EventFile {
    /// Returns whether a run folder has an event file.
    pub fn is_in(folder: &Path) -> io::Result<bool> {
        Ok(!files(folder)?.is_empty())
    }

    /// Creates an event file with the epochs so far and deletes the existing ones; epochs that are
    /// in those keep their times. The file gets a new name, because a running TensorBoard switches
    /// to the file with the later name.
    pub fn begin(folder: &Path, history: &[Epoch]) -> io::Result<Self> {
        let before = files(folder)?;
        let mut times = BTreeMap::new();
        for file in &before {
            times.extend(recorded(&fs::read(file)?));
        }
        let now = since_1970();
        // Includes nanoseconds, so that names are unique.
        let name = format!(
            "{NAME}{}.{:09}.tapeline",
            now as u64,
            (now.fract() * 1e9) as u64
        );
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(folder.join(name))?;
        let mut file = EventFile(file);
        file.write(&Event {
            wall_time: now,
            file_version: Some(VERSION.into()),
            ..Event::default()
        })?;
        for epoch in history {
            let time = times.get(&(epoch.epoch as i64)).copied();
            file.add_at(epoch, time.unwrap_or(now))?;
        }
        // Old files are removed last: a folder without any means that no event file is wanted.
        before.into_iter().try_for_each(fs::remove_file)?;
        Ok(file)
    }

    /// Appends the metrics of an epoch that has just ended.
    pub fn add(&mut self, epoch: &Epoch) -> io::Result<()> {
        self.add_at(epoch, since_1970())
    }

    fn add_at(&mut self, epoch: &Epoch, wall_time: f64) -> io::Result<()> {
        let (val_loss, val_accuracy) = epoch.val.unzip();
        let figures = [
            ("loss/train", Some(epoch.train_loss)),
            ("loss/test", Some(epoch.test_loss)),
            ("loss/val", val_loss),
            ("accuracy/train", Some(epoch.train_accuracy)),
            ("accuracy/test", Some(epoch.test_accuracy)),
            ("accuracy/val", val_accuracy),
            ("lr", Some(epoch.lr)),
            ("seconds/train", Some(epoch.train_seconds)),
            ("seconds/test", Some(epoch.test_seconds)),
        ];
        let scalar = |(tag, value): (&str, Option<f64>)| {
            Some(Scalar {
                tag: tag.into(),
                simple_value: Some(value? as f32),
            })
        };
        self.write(&Event {
            wall_time,
            step: epoch.epoch as i64,
            summary: Some(Summary {
                value: figures.into_iter().filter_map(scalar).collect(),
            }),
            file_version: None,
        })
    }

    /// Writes a record in a single call, so that a concurrent reader is unlikely to see a partial
    /// one.
    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.0.write_all(&framed(&event.encode_to_vec()))
    }
}

/// Returns the epochs in an event file with their times, up to the first truncated or damaged
/// record.
fn recorded(mut bytes: &[u8]) -> BTreeMap<i64, f64> {
    let mut times = BTreeMap::new();
    while let Some((record, rest)) = unframed(bytes) {
        let Ok(event) = Event::decode(record) else {
            break;
        };
        if event.summary.is_some() {
            times.insert(event.step, event.wall_time);
        }
        bytes = rest;
    }
    times
}

/// Splits off the first record, if it is complete and its checksums match.
fn unframed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (record, rest) = rest.get(4..)?.split_at_checked(length)?;
    bytes
        .starts_with(&framed(record))
        .then_some((record, &rest[4..]))
}

/// Frames a record with its length and checksums.
fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let parts = [&length, &masked(&length)[..], record, &masked(record)];
    parts.concat()
}

/// Returns the masked CRC-32C, rotated and offset so that the checksum of data that contain
/// checksums remains useful.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c(bytes).rotate_right(15);
    sum.wrapping_add(0xa282_ead8).to_le_bytes()
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(NAME.as_bytes())
        {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn since_1970() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64()
}
