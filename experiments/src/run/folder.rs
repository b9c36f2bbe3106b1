//! A run folder.

use std::{
    fs::{self, DirEntry, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tapeline_data::{atomic, files};
use tapeline_models::{Epoch, History, history};

use crate::{
    error::Error,
    run::{
        config::Config,
        curves,
        events::{Event, json_line},
        files::{CHECKPOINT, CONFIG, CSV, CURVES, METRICS, RESULT},
        outcome::Outcome,
        tensorboard::EventFile,
    },
    shell,
};

/// A run folder, locked as long as this value lives.
pub struct Run {
    /// The path of the folder.
    pub folder: PathBuf,
    jsonl: File,
    csv: File,
    /// Whether the folder has an event file for TensorBoard, or should get one.
    pub tensorboard: bool,
    events: Option<EventFile>,
}

impl Run {
    /// Creates a new folder: `out`, or `runs/<n>` with the first free number. The metrics are
    /// opened immediately, so that a folder that can't be written is detected before training.
    pub fn claim(out: Option<&Path>) -> Result<Self, Error> {
        let folder = match out {
            Some(out) => claim(out)?,
            None => claim_number(Path::new("runs"))?,
        };
        Run::open(folder)
    }

    /// Opens the folder of an existing run, to resume it.
    pub fn take_up(folder: &Path) -> Result<Self, Error> {
        Run::open(folder.into())
    }

    fn open(folder: PathBuf) -> Result<Self, Error> {
        let fail = |reason| cannot_write(&folder, reason);
        let open = |name| {
            let path = folder.join(name);
            files::expect_regular_or_none(&path)?;
            OpenOptions::new().append(true).create(true).open(path)
        };
        let csv = open(CSV).map_err(fail)?;
        match csv.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(at_work(&folder)),
            Err(TryLockError::Error(reason)) => return Err(fail(reason)),
        }
        atomic::clean(&folder).map_err(fail)?;
        let jsonl = open(METRICS).map_err(fail)?;
        Ok(Run {
            tensorboard: EventFile::is_in(&folder).map_err(fail)?,
            events: None,
            folder,
            jsonl,
            csv,
        })
    }

    /// Returns the epochs at the start of `metrics.csv`, up to the first incomplete line.
    pub fn history(&self) -> Result<History, Error> {
        match fs::read(self.file(CSV)) {
            Ok(bytes) => Ok(History::read(&String::from_utf8_lossy(&bytes))),
            Err(reason) => {
                let message = format!("{}: cannot be read: {reason}", self.file(CSV).display());
                Err(Error::usage(message))
            }
        }
    }

    /// Writes what is known before the next step: the configuration, and the metrics of the
    /// finished epochs. `metrics.csv`, which alone stores these epochs, already has them; it is
    /// truncated after them.
    pub fn begin(&mut self, config: &Config, history: &History) -> Result<(), Error> {
        // The result is removed first: next to a configuration with more epochs, it would mark an
        // unfinished run as finished.
        self.remove(RESULT)
            .map_err(|reason| cannot_write(&self.folder, reason))?;
        let text = config.text()?;
        self.write(CONFIG, text.as_bytes())?;
        let lines = history.iter().map(|epoch| json_line(&Event::epoch(epoch)));
        let lines = lines.collect::<Result<String, _>>()?;
        let with_val = config.has_validation();
        self.metrics(history, with_val)
            .and_then(|()| self.jsonl.set_len(0))
            .and_then(|()| self.jsonl.write_all(lines.as_bytes()))
            .map_err(|reason| cannot_write(&self.folder, reason))?;
        if self.tensorboard {
            let events = EventFile::begin(&self.folder, history);
            self.events = Some(events.map_err(|reason| cannot_write(&self.folder, reason))?);
        }
        Ok(())
    }

    /// Truncates `metrics.csv` after the epochs of `history`, which it begins with.
    fn metrics(&mut self, history: &History, with_val: bool) -> io::Result<()> {
        match history.len() {
            0 => {
                self.csv.set_len(0)?;
                self.csv.write_all(history::heading(with_val).as_bytes())
            }
            _ => self.csv.set_len(history.table().len() as u64),
        }
    }

    /// Returns the folder as text, for people and JSON.
    pub fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// Adds help to an error that says how to resume the run.
    pub fn can_be_resumed(&self, error: Error) -> Error {
        let command = shell::resume(&self.folder);
        error.help(format!("`{command}` resumes from what has been written"))
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Appends an epoch to the metrics. It is synced to disk before this returns, because a later
    /// checkpoint relies on it.
    pub fn add(&mut self, epoch: &Epoch) -> Result<(), Error> {
        let line = json_line(&Event::epoch(epoch))?;
        let written = self.csv.write_all(history::row(epoch).as_bytes());
        written
            .and_then(|()| self.csv.sync_data())
            .and_then(|()| self.jsonl.write_all(line.as_bytes()))
            .and_then(|()| {
                self.events
                    .iter_mut()
                    .try_for_each(|events| events.add(epoch))
            })
            .map_err(|reason| cannot_write(&self.folder, reason))
    }

    /// Writes the outcome, which marks the run as finished.
    pub fn keep(&self, outcome: &Outcome) -> Result<(), Error> {
        self.write(RESULT, json_line(outcome)?.as_bytes())
    }

    /// Plots the metrics of the epochs.
    pub fn draw(&self, spec: &str, history: &[Epoch]) -> Result<(), Error> {
        let svg = curves::chart(spec, history).svg();
        self.write(CURVES, svg.as_bytes())
    }

    /// Removes the checkpoint, so that the run can no longer be resumed.
    pub fn forget(&self) -> Result<(), Error> {
        self.remove(CHECKPOINT)
            .map_err(|reason| cannot_write(&self.folder, reason))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        atomic::write(&self.file(name), bytes).map_err(|reason| cannot_write(&self.folder, reason))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(reason) if reason.kind() != ErrorKind::NotFound => Err(reason),
            _ => Ok(()),
        }
    }
}

fn claim(folder: &Path) -> Result<PathBuf, Error> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|reason| cannot_write(folder, reason))?;
    }
    match fs::create_dir(folder) {
        Ok(()) => Ok(folder.into()),
        Err(reason) if reason.kind() == ErrorKind::AlreadyExists && is_unborn(folder) => {
            Ok(folder.into())
        }
        Err(reason) if reason.kind() == ErrorKind::AlreadyExists => {
            let message = format!(
                "--out {}: already exists, and a run is never overwritten",
                folder.display()
            );
            Err(Error::usage(message)
                .help("choose another name, or omit `--out` to use the next free `runs/<n>`"))
        }
        Err(reason) => Err(cannot_write(folder, reason)),
    }
}

/// Returns whether a folder was created by a run that was killed before it had written anything.
fn is_unborn(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    entries.is_ok_and(|all| all.iter().all(is_blank))
}

fn is_blank(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_empty = || entry.metadata().is_ok_and(|file| file.len() == 0);
    atomic::is_temporary(&name) || [METRICS, CSV].iter().any(|ours| name == *ours) && is_empty()
}

fn claim_number(runs: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(runs).map_err(|reason| cannot_write(runs, reason))?;
    for number in 1_u64.. {
        let folder = runs.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(reason) if reason.kind() == ErrorKind::AlreadyExists => {}
            Err(reason) => return Err(cannot_write(&folder, reason)),
        }
    }
    unreachable!("there are fewer folders than numbers")
}

fn at_work(folder: &Path) -> Error {
    let message = format!("{}: another run is active here", folder.display());
    Error::usage(message).help("wait for it to end")
}

fn cannot_write(folder: &Path, reason: io::Error) -> Error {
    Error::unwritable(format!(
        "{}: the run folder cannot be written: {reason}",
        folder.display()
    ))
    .help("choose another folder with `--out FOLDER`")
}
