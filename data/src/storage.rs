//! Storage of pixels: in memory up to a limit, beyond it in a temporary file that is mapped into
//! memory, so that the operating system loads and drops its pages as needed.

use std::{
    fs::File,
    io::{BufWriter, Write},
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use memmap2::Mmap;

use crate::{DataError, LoadOptions};

/// The pixels of images, read-only.
pub(crate) enum Pixels {
    Memory(Vec<u8>),
    /// A mapped temporary file in this folder.
    Mapped(Mmap, PathBuf),
}

impl Deref for Pixels {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Pixels::Memory(bytes) => bytes,
            Pixels::Mapped(map, _) => map,
        }
    }
}

impl Pixels {
    /// Returns a storage of the same kind, for a copy of some of the pixels.
    pub fn storage(&self) -> Storage {
        match self {
            Pixels::Memory(_) => Storage::memory(),
            Pixels::Mapped(_, folder) => Storage {
                limit: 0,
                left: AtomicU64::new(0),
                cache: Some(folder.clone()),
            },
        }
    }
}

/// Stores the pixels of all parts of a dataset, which share one memory limit.
pub(crate) struct Storage {
    limit: u64,
    left: AtomicU64,
    cache: Option<PathBuf>,
}

impl Storage {
    /// Returns a storage in memory without a limit.
    pub fn memory() -> Self {
        Storage {
            limit: u64::MAX,
            left: AtomicU64::new(u64::MAX),
            cache: None,
        }
    }

    pub fn new(options: &LoadOptions) -> Self {
        let limit = options.max_memory.unwrap_or(u64::MAX);
        Storage {
            limit,
            left: AtomicU64::new(limit),
            cache: options.cache.map(Path::to_path_buf),
        }
    }

    /// Returns a writer for `size` bytes of pixels that come from `file`.
    ///
    /// # Errors
    /// Returns an error if they don't fit into the rest of the limit and there is no folder for
    /// temporary files.
    pub fn writer(&self, size: u64, file: &Path) -> Result<PixelWriter, DataError> {
        let take = |left: u64| left.checked_sub(size);
        let fits = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let place = match (&self.cache, fits) {
            // Memory is allocated as bytes arrive: the size may come from a header that lies.
            (_, Ok(_)) => Place::Memory(Vec::new()),
            (Some(folder), Err(_)) => {
                let created = tempfile::tempfile_in(folder);
                let created = created.map_err(|reason| cache_error(folder, "create", reason))?;
                Place::File(BufWriter::with_capacity(1 << 20, created), folder.clone())
            }
            (None, Err(_)) => {
                return Err(DataError::Memory {
                    file: file.into(),
                    wanted: size,
                    limit: self.limit,
                });
            }
        };
        Ok(PixelWriter { place })
    }
}

/// Collects pixels in order.
pub(crate) struct PixelWriter {
    place: Place,
}

enum Place {
    Memory(Vec<u8>),
    File(BufWriter<File>, PathBuf),
}

impl PixelWriter {
    /// Appends pixels.
    pub fn write(&mut self, pixels: &[u8]) -> Result<(), DataError> {
        match &mut self.place {
            Place::Memory(bytes) => bytes.extend_from_slice(pixels),
            Place::File(file, folder) => file
                .write_all(pixels)
                .map_err(|reason| cache_error(folder, "write", reason))?,
        }
        Ok(())
    }

    /// Reserves memory for `size` more bytes, which are known to exist.
    pub fn reserve(&mut self, size: usize) {
        if let Place::Memory(bytes) = &mut self.place {
            bytes.reserve_exact(size);
        }
    }

    /// Returns the pixels.
    pub fn finish(self) -> Result<Pixels, DataError> {
        match self.place {
            Place::Memory(mut bytes) => {
                bytes.shrink_to_fit();
                Ok(Pixels::Memory(bytes))
            }
            Place::File(file, folder) => {
                let failed = |reason| cache_error(&folder, "write", reason);
                let file = file
                    .into_inner()
                    .map_err(|error| failed(error.into_error()))?;
                if file.metadata().map_err(failed)?.len() == 0 {
                    // An empty file can't be mapped.
                    return Ok(Pixels::Memory(Vec::new()));
                }
                Ok(Pixels::Mapped(map(file).map_err(failed)?, folder))
            }
        }
    }
}

/// Maps a temporary file, which was created without a name, and closes it.
fn map(file: File) -> std::io::Result<Mmap> {
    // SAFETY: the bytes of a mapping must not change while it exists. The file has no name, so no
    // other process can open it, and `file`, its only handle, is closed at the end of this function
    // without writing. The mapping itself is read-only.
    unsafe { Mmap::map(&file) }
}

fn cache_error(folder: &Path, doing: &'static str, reason: std::io::Error) -> DataError {
    DataError::Cache {
        folder: folder.into(),
        doing,
        reason,
    }
}
