//! Opening of external files.
//!
//! A file named by the user may be a pipe (`<(…)`, `/dev/stdin`), which can be read only once, from
//! start to end. A file found in a folder must be a regular file: a named pipe there has no writer,
//! so opening it would block forever.

use std::{
    fs::{self, File, FileType, Metadata},
    io::{self, Cursor, ErrorKind, Read},
    path::Path,
};

/// Opens a file named by the user: a regular file, a pipe or a device.
///
/// # Errors
/// Returns an error if the file can't be opened, or is a folder or a socket.
pub fn open(file: impl AsRef<Path>) -> io::Result<File> {
    let file = file.as_ref();
    expect(&fs::metadata(file)?, |kind| {
        !kind.is_dir() && !is_socket(kind)
    })?;
    File::open(file)
}

/// Opens a file found in a folder: a regular file, or a link to one.
///
/// Anything else is rejected before it is opened, so this function never blocks.
///
/// # Errors
/// Returns an error if the file can't be opened or isn't a regular file.
pub fn open_regular(file: impl AsRef<Path>) -> io::Result<File> {
    let file = file.as_ref();
    expect(&fs::metadata(file)?, FileType::is_file)?;
    File::open(file)
}

/// Reads the contents of a file found in a folder.
///
/// # Errors
/// Same as [`open_regular`], or if the file can't be read.
pub fn read_regular(file: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the contents of a text file found in a folder.
///
/// # Errors
/// Same as [`read_regular`], or if the file isn't UTF-8.
pub fn read_regular_to_string(file: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    open_regular(file)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Checks that a file to be written in place, such as a log or a lock, is a regular file or doesn't
/// exist yet.
///
/// Writing to a named pipe would block until it has a reader.
///
/// # Errors
/// Returns an error if the path is anything else.
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

/// Number of bytes needed to identify the type of a file.
pub(crate) const HEAD: u64 = 1 << 10;

/// A reader whose first bytes can be inspected before all of it is read.
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

    /// Returns a reader for all bytes, including the first ones.
    pub fn reader(self) -> io::Chain<Cursor<Vec<u8>>, R> {
        Cursor::new(self.head).chain(self.rest)
    }
}
