//! Run folders by configuration, and the study's own folder.
//!
//! A run is called by the first digits of the SHA-256 of its `config.toml` without the places of files: of all that its result depends on.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tapeline_data::files;
use tapeline_models::atomic;

use crate::{
    error::CliError,
    escape,
    study::{SCHEMA, Study},
    training::{
        config::Config,
        files::{CONFIG, RESULT},
    },
};

/// Digits of a run's name.
const DIGITS: usize = 16;

/// The study's own file.
const STUDY: &str = "study.json";

/// A folder with a study: its runs, and what is made of them.
pub struct Store {
    folder: PathBuf,
}

/// The only process that may train and write in a study's folder, for as long as this value lives.
pub struct Locked {
    _file: File,
}

/// The name of a run.
pub fn name(config: &Config) -> Result<String, CliError> {
    let sum = format!("{:x}", Sha256::digest(config.identity()?));
    Ok(sum[..DIGITS].into())
}

/// Whether a text can be the name of a run.
pub fn is_name(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Store {
    pub fn new(folder: &Path) -> Self {
        Store {
            folder: folder.into(),
        }
    }

    /// A file of the study.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The path of such a file, for people.
    pub fn line(&self, name: &str) -> String {
        escape::terminal(&self.file(name).display().to_string()) + "\n"
    }

    /// The folder of a run.
    pub fn run(&self, name: &str) -> PathBuf {
        self.folder.join("runs").join(name)
    }

    /// Whether a run has come to its end.
    pub fn is_done(&self, name: &str) -> bool {
        self.run(name).join(RESULT).exists()
    }

    /// Makes the folder, and takes it for this process.
    ///
    /// # Errors
    /// When it can't be written, or another process has it.
    pub fn lock(&self) -> Result<Locked, CliError> {
        fs::create_dir_all(self.file("runs")).map_err(|reason| self.cannot_write(reason))?;
        let lock = self.file("lock");
        let file = files::expect_regular_or_none(&lock).and_then(|()| File::create(lock));
        let file = file.map_err(|reason| self.cannot_write(reason))?;
        match file.try_lock() {
            Ok(()) => {
                atomic::clean(&self.folder).map_err(|reason| self.cannot_write(reason))?;
                Ok(Locked { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let message = format!("{}: another process is at work here", self.folder.display());
                Err(CliError::usage(message).help("wait for it, or give another `--out FOLDER`"))
            }
            Err(TryLockError::Error(reason)) => Err(self.cannot_write(reason)),
        }
    }

    /// Whether a run has begun, so that it can be gone on with.
    pub fn is_begun(&self, name: &str) -> bool {
        self.run(name).join(CONFIG).exists()
    }

    /// Writes a file of the study, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        atomic::write(&self.file(name), bytes).map_err(|reason| self.cannot_write(reason))
    }

    /// Keeps the study itself.
    pub fn keep(&self, study: &Study) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(study).map_err(CliError::internal)?;
        self.write(STUDY, (text + "\n").as_bytes())
    }

    /// The study that was kept here.
    ///
    /// # Errors
    /// When there is none, or it is of another version.
    pub fn study(&self) -> Result<Study, CliError> {
        let path = self.file(STUDY);
        let fail = |what: String| CliError::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}"))
                .help("`tapeline compare … --plan --out FOLDER` makes such a folder")
        })?;
        let study: Study = serde_json::from_str(&text)
            .map_err(|reason| fail(format!("is no study of this program: {reason}")))?;
        match study.schema {
            SCHEMA => study.check().map(|()| study).map_err(fail),
            other => Err(fail(format!(
                "has schema {other}, but this program reads schema {SCHEMA}"
            ))),
        }
    }

    fn cannot_write(&self, reason: io::Error) -> CliError {
        CliError::usage(format!(
            "{}: cannot be written: {reason}",
            self.folder.display()
        ))
        .help("`--out FOLDER` puts it elsewhere")
    }
}
