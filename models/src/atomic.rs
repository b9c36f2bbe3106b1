//! Files that are there whole or not at all.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::Builder;

/// What the names of temporary files begin with.
const PREFIX: &str = ".tapeline-";

/// What a write asks of the file system, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Create a temporary sibling.
    Create,
    /// Give it the permissions of the older file, where there is one.
    Permissions,
    /// Fill it.
    Write,
    /// Bring it to the disk.
    Sync,
    /// Give it its name.
    Rename,
    /// Bring the name to the disk.
    SyncFolder,
}

impl Call {
    /// All of them, in order.
    pub const ALL: [Call; 6] = [
        Call::Create,
        Call::Permissions,
        Call::Write,
        Call::Sync,
        Call::Rename,
        Call::SyncFolder,
    ];
}

/// The longest chain of symbolic links that is followed, as on Linux.
const MAX_LINKS: usize = 40;

/// Writes a file: to a temporary sibling, synced, then renamed, and the folder synced. An older file stays as it was until then; its
/// permissions are kept.
///
/// Symbolic links are followed, also to a file that doesn't exist yet: the file that they name is replaced, not the link. A device or a
/// pipe can't be replaced, so the bytes are written into it.
///
/// # Errors
/// When the folder can't be written, `path` is a folder, the links form a loop, or the disk is full (the error then says how many bytes
/// are needed); nothing is left behind.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_watched(path, bytes, &mut |_| Ok(()))
}

/// As [`write()`], but asks `before` each call whether it is to fail: so that tests can let a disk be full, or a process die, at each.
///
/// # Errors
/// As [`write()`], and those of `before`.
pub fn write_watched(
    path: &Path,
    bytes: &[u8],
    before: &mut dyn FnMut(Call) -> io::Result<()>,
) -> io::Result<()> {
    let needed = |error: io::Error| match error.kind() {
        kind @ (io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge) => {
            io::Error::new(kind, format!("{kind}: {} bytes are needed", bytes.len()))
        }
        // The message of a temporary file's error has its name, which helps nobody.
        kind if error.raw_os_error().is_none() => kind.into(),
        _ => error,
    };
    attempt(path, bytes, before).map_err(needed)
}

fn attempt(
    path: &Path,
    bytes: &[u8],
    before: &mut dyn FnMut(Call) -> io::Result<()>,
) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| old.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        before(Call::Write)?;
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
        // What the process may do decides, as for any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    before(Call::Create)?;
    let mut file = builder.tempfile_in(folder)?;
    before(Call::Permissions)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    before(Call::Write)?;
    file.write_all(bytes)?;
    before(Call::Sync)?;
    file.as_file().sync_all()?;
    before(Call::Rename)?;
    file.persist(path).map_err(|e| e.error)?;
    before(Call::SyncFolder)?;
    sync_folder(folder)
}

/// The path at the end of a chain of symbolic links. Nothing need exist there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            // An absolute target replaces the folder that it is joined to.
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    // The system's own error for a loop.
    fs::metadata(&path).map(|_| path)
}

/// Removes what writes that were killed have left in a folder. Nobody else may be writing there.
///
/// # Errors
/// When the folder can't be read, or a file in it can't be removed.
pub fn clean(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_temporary(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file of this name is what a write has left that was killed.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Makes a rename durable. Only Unix lets a folder be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
