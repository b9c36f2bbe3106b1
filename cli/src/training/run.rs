//! A run folder.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tapeline_models::{Epoch, atomic};

use crate::{
    error::CliError,
    output::json_line,
    plots::curves,
    training::{
        config::Config,
        events::{Event, csv_heading, csv_row},
        outcome::{Outcome, RESULT},
    },
};

/// The model file: the last epoch.
pub const MODEL: &str = "model.safetensors";

/// The model file of the epoch that did best on the validation data.
pub const BEST: &str = "best.safetensors";

/// The file with the figures of each epoch.
pub const METRICS: &str = "metrics.jsonl";

/// The file that is locked while a training runs.
const LOCK: &str = "lock";

/// A folder that belongs to this training alone.
pub struct Run {
    pub folder: PathBuf,
    jsonl: File,
    csv: File,
    /// Held while the training runs.
    _lock: File,
}

impl Run {
    /// Takes a folder by creating it: `out`, or `runs/<n>` with the first free number. Config and metrics are opened at once, so that a
    /// folder that can't be written is found before training.
    pub fn claim(out: Option<&Path>, config: &Config) -> Result<Self, CliError> {
        let folder = match out {
            Some(out) => claim(out)?,
            None => claim_number(Path::new("runs"))?,
        };
        let fail = |reason| cannot_write(&folder, reason);
        let lock = lock(&folder).map_err(fail)?;
        let text = config.text()?;
        atomic::write(&folder.join("config.toml"), text.as_bytes()).map_err(fail)?;
        let create = |name| {
            OpenOptions::new()
                .append(true)
                .create_new(true)
                .open(folder.join(name))
        };
        let jsonl = create(METRICS).map_err(fail)?;
        let mut csv = create("metrics.csv").map_err(fail)?;
        csv.write_all(csv_heading(config.val.is_some()).as_bytes())
            .map_err(fail)?;
        Ok(Run {
            folder,
            jsonl,
            csv,
            _lock: lock,
        })
    }

    /// The folder as text, for people and JSON.
    pub fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Adds an epoch to the metrics.
    pub fn add(&mut self, epoch: &Epoch) -> Result<(), CliError> {
        let line = json_line(&Event::epoch(epoch))?;
        let written = self.jsonl.write_all(line.as_bytes());
        written
            .and_then(|()| self.csv.write_all(csv_row(epoch).as_bytes()))
            .map_err(|reason| cannot_write(&self.folder, reason))
    }

    /// Writes what the training came to; from then on the run is done.
    pub fn keep(&self, outcome: &Outcome) -> Result<(), CliError> {
        atomic::write(&self.file(RESULT), json_line(outcome)?.as_bytes())
            .map_err(|reason| cannot_write(&self.folder, reason))
    }

    /// Draws the epochs.
    pub fn draw(&self, spec: &str, history: &[Epoch]) -> Result<(), CliError> {
        let svg = curves::chart(spec, history).svg();
        atomic::write(&self.file("curves.svg"), svg.as_bytes())
            .map_err(|reason| cannot_write(&self.folder, reason))
    }
}

impl Drop for Run {
    /// A lock that stays behind is no harm: only who holds it counts.
    fn drop(&mut self) {
        let _ = fs::remove_file(self.file(LOCK));
    }
}

/// Locks a run folder, until the file is closed.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::create(folder.join(LOCK))?;
    file.lock()?;
    Ok(file)
}

/// Whether a training is at work in a run folder, in this process or another one.
pub fn is_running(folder: &Path) -> bool {
    let file = File::open(folder.join(LOCK));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn claim(folder: &Path) -> Result<PathBuf, CliError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|reason| cannot_write(folder, reason))?;
    }
    match fs::create_dir(folder) {
        Ok(()) => Ok(folder.into()),
        Err(reason) if reason.kind() == ErrorKind::AlreadyExists => {
            let message = format!(
                "--out {}: is there already, and a run is never overwritten",
                folder.display()
            );
            Err(CliError::usage(message)
                .help("give another name, or leave `--out` out for the next free `runs/<n>`"))
        }
        Err(reason) => Err(cannot_write(folder, reason)),
    }
}

fn claim_number(runs: &Path) -> Result<PathBuf, CliError> {
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

fn cannot_write(folder: &Path, reason: io::Error) -> CliError {
    CliError::usage(format!(
        "{}: the run folder cannot be written: {reason}",
        folder.display()
    ))
    .help("`--out FOLDER` puts it elsewhere")
}
