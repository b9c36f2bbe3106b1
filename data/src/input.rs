//! Reading of files that may be gzipped.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use flate2::bufread::GzDecoder;

use crate::{DataError, files};

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A stream of uncompressed bytes.
pub(crate) struct Input<'a> {
    pub reader: Box<dyn Read + 'a>,
    /// Number of uncompressed bytes, if known in advance.
    pub length: Option<u64>,
}

impl<'a> Input<'a> {
    /// Opens a file named by the user, which may be a pipe.
    pub fn open(file: &Path) -> Result<Input<'static>, DataError> {
        Input::opened(files::open(file), file)
    }

    /// Opens a file found in a folder, which must be a regular file.
    pub fn open_found(file: &Path) -> Result<Input<'static>, DataError> {
        Input::opened(files::open_regular(file), file)
    }

    /// Wraps an open file. Gzip is detected by its magic number, since file names are unreliable,
    /// especially after a download.
    fn opened(opened: io::Result<File>, file: &Path) -> Result<Input<'static>, DataError> {
        let failed = |doing| {
            move |reason| DataError::Io {
                file: file.into(),
                doing,
                reason,
            }
        };
        let opened = opened.map_err(|reason| match reason.kind() {
            io::ErrorKind::IsADirectory => DataError::NotAFile { file: file.into() },
            _ => failed("open")(reason),
        })?;
        let about = opened.metadata().map_err(failed("open"))?;
        let length = about.is_file().then_some(about.len());
        Input::sniff(BufReader::with_capacity(1 << 16, opened), length).map_err(failed("read"))
    }

    pub fn bytes(bytes: &'a [u8]) -> Self {
        Input::sniff(bytes, Some(bytes.len() as u64)).expect("a slice reads without errors")
    }

    pub fn sniff(mut reader: impl BufRead + 'a, length: Option<u64>) -> io::Result<Self> {
        Ok(if reader.fill_buf()?.starts_with(&GZIP) {
            let members = Members {
                current: Some(GzDecoder::new(reader)),
            };
            Input {
                reader: Box::new(members),
                length: None,
            }
        } else {
            Input {
                reader: Box::new(reader),
                length,
            }
        })
    }
}

/// Distinguishes a damaged gzip stream from an I/O error.
pub(crate) fn read_error(file: &Path, reason: io::Error) -> DataError {
    if reason.raw_os_error().is_some() {
        return DataError::Io {
            file: file.into(),
            doing: "read",
            reason,
        };
    }
    let problem = match reason.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip stream is truncated".to_string(),
        _ => format!("the gzip stream is damaged: {reason}"),
    };
    DataError::Gzip {
        file: file.into(),
        problem,
    }
}

/// Decompresses all members of a gzip file in sequence, as `gunzip` does.
///
/// A member only ends after its checksum has been verified.
struct Members<R> {
    current: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.current {
            let count = member.read(out)?;
            if count > 0 {
                return Ok(count);
            }
            let mut rest = self.current.take().expect("looked at above").into_inner();
            match rest.fill_buf()?.first() {
                None => {}
                Some(first) if *first == GZIP[0] => self.current = Some(GzDecoder::new(rest)),
                Some(_) => {
                    let problem = "bytes that are not gzip follow its end";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
                }
            }
        }
        Ok(0)
    }
}
