//! Atomic file writes: a file is complete or absent, never partial.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::Builder;

/// Prefix of the names of temporary files.
const PREFIX: &str = ".tapeline-";

/// The file-system operations of a write, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create a temporary file in the same folder.
    Create,
    /// Give it the permissions of the file it replaces, if there is one.
    Permissions,
    /// Write the contents.
    Write,
    /// Sync the file to disk.
    Sync,
    /// Rename it to its final name.
    Rename,
    /// Sync the folder to disk.
    SyncFolder,
}

impl Operation {
    /// All operations, in order.
    pub const ALL: [Operation; 6] = [
        Operation::Create,
        Operation::Permissions,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncFolder,
    ];
}

/// The maximum number of symbolic links that are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// Writes a file atomically: writes a temporary file in the same folder, syncs it, renames it and
/// syncs the folder.
///
/// An existing file is unchanged until the rename; its permissions are preserved.
///
/// Symbolic links are followed, even to a file that doesn't exist yet: the target is replaced, not
/// the link. A device or a pipe can't be replaced, so the bytes are written into it directly.
///
/// # Errors
/// Returns an error if the folder doesn't exist or isn't writable, `path` is a folder, the links form a loop, or the
/// disk is full (the error then says how many bytes are needed). No temporary file is left behind.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_watched(path, bytes, &mut |_| Ok(()))
}

/// Same as [`write()`], but calls `before` ahead of each operation, which fails if `before` does.
///
/// Tests use it to simulate a full disk or a killed process at each operation.
///
/// # Errors
/// Same as [`write()`], and those of `before`.
pub fn write_watched(
    path: &Path,
    bytes: &[u8],
    before: &mut dyn FnMut(Operation) -> io::Result<()>,
) -> io::Result<()> {
    let needed = |error: io::Error| match error.kind() {
        kind @ (io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge) => {
            io::Error::new(kind, format!("{kind}: {} bytes are needed", bytes.len()))
        }
        // An error of `tempfile` contains the name of the temporary file, which doesn't help the
        // user. That of a missing folder is our own.
        kind if error.raw_os_error().is_none() && kind != io::ErrorKind::NotFound => kind.into(),
        _ => error,
    };
    attempt(path, bytes, before).map_err(needed)
}

fn attempt(
    path: &Path,
    bytes: &[u8],
    before: &mut dyn FnMut(Operation) -> io::Result<()>,
) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| old.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        before(Operation::Write)?;
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = &*followed(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask applies, as for any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    before(Operation::Create)?;
    let mut file = builder
        .tempfile_in(folder)
        .map_err(|reason| match reason.kind() {
            kind @ io::ErrorKind::NotFound => {
                io::Error::new(kind, format!("there is no folder {}", folder.display()))
            }
            _ => reason,
        })?;
    before(Operation::Permissions)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    before(Operation::Write)?;
    file.write_all(bytes)?;
    before(Operation::Sync)?;
    file.as_file().sync_all()?;
    before(Operation::Rename)?;
    file.persist(path).map_err(|e| e.error)?;
    before(Operation::SyncFolder)?;
    sync_folder(folder)
}

/// Follows a chain of symbolic links to its end, which need not exist.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            // Joining an absolute target discards the folder.
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    // Return the system's own error for a loop.
    fs::metadata(&path).map(|_| path)
}

/// Removes the temporary files left in a folder by killed writes.
///
/// No other process may be writing there.
///
/// # Errors
/// Returns an error if the folder can't be read or a file in it can't be removed.
pub fn clean(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_temporary(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Returns whether a file name is that of a temporary file left by a killed write.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Makes a rename durable. Only on Unix can a folder be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
