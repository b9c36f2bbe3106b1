//! NumPy archives (`.npz`): zip files of arrays, read as streams.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

use crate::{
    DataError, files, identify_other,
    npy::{Header, Kind},
};

/// Bytes read at once.
const STEP: usize = 1 << 16;

/// An archive of arrays by name.
pub(crate) struct Archive {
    pub file: PathBuf,
    zip: ZipArchive<BufReader<File>>,
}

impl Archive {
    pub fn open(file: &Path) -> Result<Self, DataError> {
        let io_error = |doing| {
            move |reason| DataError::Io {
                file: file.into(),
                doing,
                reason,
            }
        };
        const WANTED: &str = "a NumPy archive";
        let mut opened = files::open_regular(file).map_err(io_error("open"))?;
        let mut head = Vec::new();
        let peeked = opened.by_ref().take(files::HEAD).read_to_end(&mut head);
        peeked.map_err(io_error("read"))?;
        if !head.starts_with(b"PK") {
            return Err(match identify_other(&head, WANTED) {
                Some(found) => DataError::Kind {
                    file: file.into(),
                    found,
                    wanted: WANTED,
                },
                None => DataError::invalid(file, format!("is not a zip file; expected {WANTED}")),
            });
        }
        let zip = ZipArchive::new(BufReader::new(opened));
        Ok(Archive {
            file: file.into(),
            zip: zip.map_err(|error| damaged(file, error))?,
        })
    }

    /// Returns the names of the arrays, sorted.
    pub fn names(&self) -> Vec<String> {
        let names = self
            .zip
            .file_names()
            .filter_map(|name| name.strip_suffix(".npy"));
        let mut names: Vec<_> = names.map(String::from).collect();
        names.sort_unstable();
        names
    }

    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Opens an array.
    pub fn array(&mut self, name: &str) -> Result<Array<'_>, DataError> {
        let file = self.file.join(format!("{name}.npy"));
        let entry = self.zip.by_name(&format!("{name}.npy"));
        let mut entry = entry.map_err(|error| damaged(&file, error))?;
        let header = Header::read(&mut entry).map_err(|reason| read_error(&file, reason))?;
        Ok(Array {
            header,
            entry,
            file,
        })
    }
}

/// An array whose elements are read as a stream.
pub(crate) struct Array<'a> {
    pub header: Header,
    /// Archive and array, for messages.
    pub file: PathBuf,
    entry: ZipFile<'a, BufReader<File>>,
}

impl Array<'_> {
    /// Passes the bytes of `step` elements at a time to `each`, of fewer at the end, and checks that
    /// the array ends there.
    pub fn read(
        mut self,
        step: usize,
        mut each: impl FnMut(&Header, &[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut left = (self.header.len() * self.header.width) as u64;
        let mut bytes = Vec::new();
        while left > 0 {
            let wanted = left.min((step * self.header.width) as u64);
            bytes.clear();
            // Memory grows with the bytes that are there, not with the sizes in the header.
            let entry = self.entry.by_ref().take(wanted);
            let read = { entry }.read_to_end(&mut bytes);
            read.map_err(|reason| read_error(&self.file, reason))?;
            if (bytes.len() as u64) < wanted {
                let missing = left - bytes.len() as u64;
                let problem = format!("is truncated: {missing} bytes are missing");
                return Err(DataError::invalid(&self.file, problem));
            }
            each(&self.header, &bytes)?;
            left -= wanted;
        }
        // The checksum is verified at the end of the entry.
        bytes.clear();
        let more = self.entry.by_ref().take(1).read_to_end(&mut bytes);
        match more.map_err(|reason| read_error(&self.file, reason))? {
            0 => Ok(()),
            _ => Err(DataError::invalid(
                &self.file,
                "has more bytes than the sizes in its header",
            )),
        }
    }

    /// Passes each number to `each`.
    pub fn numbers(
        self,
        mut each: impl FnMut(usize, f64) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.expect(&[Kind::Signed, Kind::Unsigned, Kind::Float], "numbers")?;
        let mut i = 0..;
        self.read(STEP, |header, bytes| {
            let mut elements = bytes.chunks_exact(header.width).zip(&mut i);
            elements.try_for_each(|(element, i)| each(i, header.number(element)))
        })
    }

    /// Returns the elements of a one-dimensional array of texts.
    pub fn texts(self) -> Result<Vec<String>, DataError> {
        self.expect(&[Kind::Bytes, Kind::Text], "texts")?;
        let (mut texts, file) = (Vec::new(), self.file.clone());
        self.read(STEP / 8, |header, bytes| {
            for element in bytes.chunks_exact(header.width) {
                let text = header.text(element);
                texts.push(text.ok_or_else(|| DataError::invalid(&file, "holds invalid text"))?);
            }
            Ok(())
        })?;
        Ok(texts)
    }

    fn expect(&self, kinds: &[Kind], wanted: &str) -> Result<(), DataError> {
        match kinds.contains(&self.header.kind) {
            true => Ok(()),
            false => Err(DataError::invalid(
                &self.file,
                format!(
                    "has elements of kind {:?}, wanted {wanted}",
                    self.header.kind
                ),
            )),
        }
    }
}

fn read_error(file: &Path, reason: std::io::Error) -> DataError {
    match reason.raw_os_error() {
        Some(_) => DataError::Io {
            file: file.into(),
            doing: "read",
            reason,
        },
        None if reason.kind() == std::io::ErrorKind::UnexpectedEof => {
            DataError::invalid(file, "is truncated")
        }
        None => DataError::invalid(file, reason.to_string()),
    }
}

fn damaged(file: &Path, error: ZipError) -> DataError {
    match error {
        ZipError::Io(reason) => read_error(file, reason),
        other => DataError::invalid(file, format!("is damaged: {other}")),
    }
}
