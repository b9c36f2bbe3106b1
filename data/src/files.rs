//! Opening files that come from outside.
//!
//! A file that a user names may be a pipe (`<(…)`, `/dev/stdin`), which is read once, from its start to its end. A file that is found in a
//! folder must be a regular file: a named pipe there has no writer, and opening it would wait for one for ever.

use std::{
    fs::{self, File, FileType, Metadata},
    io::{self, Cursor, ErrorKind, Read},
    path::Path,
};

/// Opens a file that a user has named: a regular file, a pipe or a device.
///
/// # Errors
/// When it cannot be opened, or is a folder or a socket.
pub fn open(file: impl AsRef<Path>) -> io::Result<File> {
    let file = file.as_ref();
    expect(&fs::metadata(file)?, |kind| {
        !kind.is_dir() && !is_socket(kind)
    })?;
    File::open(file)
}

/// Opens a file that was found in a folder: a regular file, or a link to one. Anything else is refused before it is opened, so that this
/// never blocks.
///
/// # Errors
/// When it cannot be opened, or is not a regular file.
pub fn open_regular(file: impl AsRef<Path>) -> io::Result<File> {
    let file = file.as_ref();
    expect(&fs::metadata(file)?, FileType::is_file)?;
    File::open(file)
}

/// Reads a whole file that was found in a folder.
///
/// # Errors
/// As [`open_regular`], or when it cannot be read.
pub fn read_regular(file: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole text that was found in a folder.
///
/// # Errors
/// As [`read_regular`], or when it is not UTF-8.
pub fn read_regular_to_string(file: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    open_regular(file)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes sure that a file which will be written in place, such as a log or a lock, is a regular file, or not there yet. Writing to a named
/// pipe would wait for a reader for ever.
///
/// # Errors
/// When something else has its name.
pub fn expect_regular_or_none(file: impl AsRef<Path>) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(about) => expect(&about, FileType::is_file),
        Err(reason) if reason.kind() == ErrorKind::NotFound => Ok(()),
        Err(reason) => Err(reason),
    }
}

fn expect(about: &Metadata, accepts: impl FnOnce(&FileType) -> bool) -> io::Result<()> {
    let kind = about.file_type();
    if accepts(&kind) {
        return Ok(());
    }
    let (error, found) = match kind {
        kind if kind.is_dir() => (ErrorKind::IsADirectory, "a folder"),
        kind if is_socket(&kind) => (ErrorKind::InvalidInput, "a socket"),
        kind if is_pipe(&kind) => (ErrorKind::InvalidInput, "a named pipe"),
        _ => (ErrorKind::InvalidInput, "a device"),
    };
    Err(io::Error::new(error, format!("it is {found}, not a file")))
}

#[cfg(unix)]
fn is_socket(kind: &FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(kind)
}

#[cfg(unix)]
fn is_pipe(kind: &FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(kind)
}

#[cfg(not(unix))]
fn is_socket(_: &FileType) -> bool {
    false
}

#[cfg(not(unix))]
fn is_pipe(_: &FileType) -> bool {
    false
}

/// How many bytes say what a file is.
pub(crate) const HEAD: u64 = 1 << 10;

/// A reader whose first bytes can be looked at before all of it is read.
pub(crate) struct Peeked<R> {
    pub head: Vec<u8>,
    rest: R,
}

impl<R: Read> Peeked<R> {
    pub fn new(mut reader: R) -> io::Result<Self> {
        let mut head = Vec::new();
        reader.by_ref().take(HEAD).read_to_end(&mut head)?;
        Ok(Peeked { head, rest: reader })
    }

    /// All of it, the first bytes included.
    pub fn reader(self) -> io::Chain<Cursor<Vec<u8>>, R> {
        Cursor::new(self.head).chain(self.rest)
    }
}
