//! The figures of each epoch as an event file of TensorBoard.
//!
//! Such a file is a row of records, TFRecords: a length, the record, and a checksum behind each of the two. A record is an `Event` in the
//! encoding of protocol buffers; the numbers are those of TensorFlow's `event.proto` and `summary.proto`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use prost::Message;
use tapeline_models::Epoch;

/// What the names of event files begin with. TensorBoard takes no other.
const NAME: &str = "events.out.tfevents.";

/// What the first record says.
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

/// A number under a name. TensorBoard puts what has one word before the slash in one group.
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
    /// Whether a run folder has one.
    pub fn is_in(folder: &Path) -> io::Result<bool> {
        Ok(!files(folder)?.is_empty())
    }

    /// Begins one with the epochs so far, instead of any that the folder has; epochs that are in those keep their times. Its name is new:
    /// TensorBoard, if it is watching, goes over to the file with the later name.
    pub fn begin(folder: &Path, history: &[Epoch]) -> io::Result<Self> {
        let before = files(folder)?;
        let mut times = BTreeMap::new();
        for file in &before {
            times.extend(recorded(&fs::read(file)?));
        }
        let now = since_1970();
        // Nanoseconds, so that no two files are called the same.
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
        // Only now: a folder that has none is one where none is wanted.
        before.into_iter().try_for_each(fs::remove_file)?;
        Ok(file)
    }

    /// Adds the figures of an epoch that has just ended, at its number.
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

    /// Writes a record in one go, so that who reads at the same time hardly sees half of one.
    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.0.write_all(&framed(&event.encode_to_vec()))
    }
}

/// The epochs in an event file, with their times; up to the first record that is cut off or damaged.
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

/// The first record, if it is whole, and what follows it.
fn unframed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (record, rest) = rest.get(4..)?.split_at_checked(length)?;
    bytes
        .starts_with(&framed(record))
        .then_some((record, &rest[4..]))
}

/// A record with its length and checksums.
fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let parts = [&length, &masked(&length)[..], record, &masked(record)];
    parts.concat()
}

/// The checksum: CRC-32C, turned and moved, so that a checksum over data that has checksums in it still says something.
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
