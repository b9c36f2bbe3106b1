//! The folder of a study, with a run folder for each configuration and seed.
//!
//! A run is named after the first digits of the SHA-256 of its `config.toml` without file paths,
//! which covers everything its result depends on.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tapeline_data::{atomic, files};

use crate::{
    error::Error,
    escape,
    run::{
        config::Config,
        files::{CONFIG, RESULT},
    },
    shell,
    study::{SCHEMA, Study},
};

/// Number of hexadecimal digits in the name of a run.
const DIGITS: usize = 16;

/// Name of the file that stores the study itself.
const STUDY: &str = "study.json";

/// A folder that contains a study: its runs and the files generated from them.
pub struct Store {
    folder: PathBuf,
}

/// An exclusive lock on the folder of a study, held until it is dropped.
pub struct Locked {
    _file: File,
}

/// Computes the name of a run.
pub fn name(config: &Config) -> Result<String, Error> {
    let sum = format!("{:x}", Sha256::digest(config.identity()?));
    Ok(sum[..DIGITS].into())
}

/// Whether a text has the form of a run name.
pub fn is_name(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Store {
    pub fn new(folder: &Path) -> Self {
        Store {
            folder: folder.into(),
        }
    }

    /// Path of a file of the study.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Path of a file of the study as a line of output.
    pub fn line(&self, name: &str) -> String {
        escape::terminal(&self.file(name).display().to_string()) + "\n"
    }

    /// Folder of a run.
    pub fn run(&self, name: &str) -> PathBuf {
        self.folder.join("runs").join(name)
    }

    /// Whether a run has finished.
    pub fn is_done(&self, name: &str) -> bool {
        self.run(name).join(RESULT).exists()
    }

    /// Creates the folder and locks it for this process.
    ///
    /// # Errors
    /// If the folder can't be written, or another process holds the lock.
    pub fn lock(&self) -> Result<Locked, Error> {
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
                let message = format!(
                    "{}: another process is using this folder",
                    self.folder.display()
                );
                Err(Error::usage(message)
                    .help("wait for it to finish, or choose another folder with `--out FOLDER`"))
            }
            Err(TryLockError::Error(reason)) => Err(self.cannot_write(reason)),
        }
    }

    /// Whether a run has been started, so that it can be resumed.
    pub fn is_begun(&self, name: &str) -> bool {
        self.run(name).join(CONFIG).exists()
    }

    /// Writes a file of the study atomically.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        atomic::write(&self.file(name), bytes).map_err(|reason| self.cannot_write(reason))
    }

    /// Writes `study.json`.
    pub fn keep(&self, study: &Study) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(study).map_err(Error::internal)?;
        self.write(STUDY, (text + "\n").as_bytes())
    }

    /// Reads `study.json`.
    ///
    /// # Errors
    /// If the file can't be read or has another schema version.
    pub fn study(&self) -> Result<Study, Error> {
        let path = self.file(STUDY);
        let fail = |what: String| Error::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path).map_err(|reason| {
            fail(format!("cannot be read: {reason}")).help(format!(
                "create such a folder with `{} compare … --plan --out FOLDER`",
                shell::program()
            ))
        })?;
        let study: Study = serde_json::from_str(&text)
            .map_err(|reason| fail(format!("is not a study of this program: {reason}")))?;
        match study.schema {
            SCHEMA => study.check().map(|()| study).map_err(fail),
            other => Err(fail(format!(
                "has schema {other}, but this program reads schema {SCHEMA}"
            ))),
        }
    }

    fn cannot_write(&self, reason: io::Error) -> Error {
        Error::unwritable(format!(
            "{}: cannot be written: {reason}",
            self.folder.display()
        ))
        .help("choose another folder with `--out FOLDER`")
    }
}
