//! What lies at a path, by which definitions recognise their datasets.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
};

use crate::files::{self, Peeked};

/// What lies at a path: a file with its first bytes, or a folder with the names of its entries.
pub struct Lookup<'a> {
    /// The path.
    pub path: &'a Path,
    /// The names in the folder, sorted; empty for a file.
    pub entries: BTreeSet<OsString>,
    /// The first bytes of the file, at most 1024; empty for a folder.
    pub head: Vec<u8>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl<'a> Lookup<'a> {
    /// Looks at a path.
    pub(super) fn new(path: &'a Path) -> io::Result<Self> {
        let is_folder = fs::metadata(path)?.is_dir();
        let (mut entries, mut head) = (BTreeSet::new(), Vec::new());
        if is_folder {
            for entry in fs::read_dir(path)? {
                entries.insert(entry?.file_name());
            }
        } else {
            head = Peeked::new(files::open_regular(path)?)?.head;
        }
        Ok(Lookup {
            path,
            entries,
            head,
            is_folder,
        })
    }

    /// Returns whether the folder has an entry of this name.
    pub fn has(&self, name: impl AsRef<OsStr>) -> bool {
        self.entries.contains(name.as_ref())
    }

    /// Returns whether this is a file whose name ends like this, in either case: `csv`.
    pub fn has_ending(&self, ending: &str) -> bool {
        let found = self.path.extension();
        !self.is_folder && found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
    }
}
