//! Errors of external data.

use std::{
    io,
    path::{Path, PathBuf},
};

#[cfg(feature = "tables")]
use tapeline_spec::quote;
use tapeline_spec::{SpecError, printable};

use crate::FileKind;

/// An error in a file, a folder or a name.
///
/// Each message says what is affected, what was found and what was expected.
///
/// `file` is the path, or the name passed along with bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// An I/O error of the operating system.
    #[error("{file}: cannot {doing}: {reason}")]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// The failed operation: `open`, `read`, `write`, …
        doing: &'static str,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// A folder was found where a file is expected.
    #[error("{file}: is a folder, wanted a file")]
    NotAFile {
        /// The folder.
        file: PathBuf,
    },
    /// The file is empty, for example after a failed download.
    #[error("{file}: is empty, wanted an IDX file")]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The file ends within its header.
    #[error("{file}: the header is truncated: wanted {wanted} bytes, found {found}")]
    Header {
        /// The file.
        file: PathBuf,
        /// Expected size of the header in bytes.
        wanted: usize,
        /// Number of bytes found.
        found: usize,
    },
    /// The magic number isn't the expected one.
    #[error("{file}: found magic {}, wanted {}", magic(*.found), magic(*.wanted))]
    Magic {
        /// The file.
        file: PathBuf,
        /// The first four bytes, big-endian.
        found: u32,
        /// The expected magic number.
        wanted: u32,
    },
    /// The elements of the IDX file aren't bytes.
    #[error("{file}: found elements of type {}, wanted 0x08 (unsigned byte)", element(*.code))]
    Element {
        /// The file.
        file: PathBuf,
        /// The type code, which is the third byte of the file.
        code: u8,
    },
    /// The product of the sizes overflows, or IDX can't represent them.
    #[error("{file}: sizes {sizes:?} are too large")]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The sizes, outermost first.
        sizes: Vec<u64>,
    },
    /// The images have no pixels.
    #[error("{file}: images of {rows}x{cols} pixels, wanted at least 1x1")]
    NoPixels {
        /// The file.
        file: PathBuf,
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        cols: usize,
    },
    /// The file has more or fewer bytes than its header specifies.
    #[error("{file}: wanted {wanted} bytes after the header, found {}", count(*.found))]
    Length {
        /// The file.
        file: PathBuf,
        /// Number of bytes that the header specifies.
        wanted: u64,
        /// Number of bytes found; `None` if there are more, in which case the rest wasn't
        /// decompressed.
        found: Option<u64>,
    },
    /// The file is of another type, according to its first bytes.
    #[error("{file}: {}", .found.instead_of(.wanted))]
    Kind {
        /// The file.
        file: PathBuf,
        /// The type found.
        found: FileKind,
        /// The type expected.
        wanted: &'static str,
    },
    /// The gzip stream is damaged.
    #[error("{file}: {problem}; fetch the file again")]
    Gzip {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The image file has an unsupported format, is too large, or is damaged.
    #[error("{file}: {problem}")]
    Picture {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file contains no images although some are needed.
    #[error("{file}: holds no images")]
    NoImages {
        /// The image file.
        file: PathBuf,
    },
    /// The numbers of images and labels differ.
    #[error("{file}: {images} images but {labels} labels")]
    Counts {
        /// The label file.
        file: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label isn't one of the classes.
    #[error("{file}: label {label} at position {position}, {}", range(*.classes))]
    Label {
        /// The label file.
        file: PathBuf,
        /// The label.
        label: u8,
        /// Its index in the file, from 0.
        position: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Training and test images differ in shape.
    #[error(
        "{file}: test images are {found:?} (channels, rows, columns), the training images {wanted:?}"
    )]
    Shape {
        /// The file of test images.
        file: PathBuf,
        /// Shape of the training images.
        wanted: [usize; 3],
        /// Shape of the test images.
        found: [usize; 3],
    },
    /// More images would be held out than there are.
    #[error("{wanted} of {found} images cannot be held out: at least one must remain")]
    Split {
        /// Number of images to hold out.
        wanted: usize,
        /// Number of images available.
        found: usize,
    },
    /// The images can't be split into so many parts.
    #[error("{found} images cannot be split into {parts} parts")]
    Folds {
        /// Number of parts.
        parts: usize,
        /// Number of images available.
        found: usize,
    },
    /// The call of a dataset is invalid.
    #[error("{0}")]
    Spec(SpecError),
    /// The text is neither a name nor a path.
    #[error("{}: no data set of this name and no such file or folder; {}known names: {}",
            .name.display(), suggestion(*.nearest), .known.join(", "))]
    Unknown {
        /// The text.
        name: PathBuf,
        /// The most similar name.
        nearest: Option<&'static str>,
        /// All names.
        known: Vec<&'static str>,
    },
    /// The folder holds nothing that is known as a dataset.
    #[error(
        "{folder}: holds no dataset: {}; the folder holds {}\n  help: {}",
        "no IDX files, CIFAR files, NumPy archives or subfolders with pictures",
        listing(.found),
        unrecognised(*.has_folders)
    )]
    Unrecognised {
        /// The folder.
        folder: PathBuf,
        /// Whether it has subfolders.
        has_folders: bool,
        /// The names of its entries, sorted.
        found: Vec<String>,
    },
    /// The contents of a file or folder are invalid.
    #[error("{file}: {problem}{}", help_line(.help))]
    Invalid {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What the user can do.
        help: Option<String>,
    },
    /// Several files are invalid.
    #[error("{}", lines(.0))]
    Several(Vec<DataError>),
    /// The pixels don't fit into the memory limit.
    #[error(
        "{file}: {wanted} bytes of pixels exceed the rest of the memory limit of {limit} bytes"
    )]
    Memory {
        /// The file or folder.
        file: PathBuf,
        /// Number of bytes needed.
        wanted: u64,
        /// The limit for all parts of the dataset.
        limit: u64,
    },
    /// The temporary file for pixels can't be used.
    #[error("{folder}: cannot {doing} a temporary file for pixels: {reason}")]
    Cache {
        /// The folder of the file.
        folder: PathBuf,
        /// The failed operation.
        doing: &'static str,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// The files of a known dataset aren't available.
    #[error("{name}: {how}")]
    Unavailable {
        /// The name.
        name: &'static str,
        /// What is missing and how to get it.
        how: String,
    },
    /// A folder lacks one of the four files.
    #[error("{folder}: no {role}; looked for {}; the folder holds {}", .wanted.join(", "), listing(.found))]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// Role of the missing file: `training images`, …
        role: &'static str,
        /// The accepted file names.
        wanted: Vec<String>,
        /// The names of the folder's entries, sorted.
        found: Vec<String>,
    },
    /// The pixels from the `mnist` crate aren't a whole number of images.
    #[error("{file}: {found} pixels are not a whole number of {rows}x{cols} images")]
    Pixels {
        /// The part of the dataset.
        file: PathBuf,
        /// Number of pixels.
        found: usize,
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        cols: usize,
    },
    /// The labels from the `mnist` crate are one-hot.
    #[error(
        "{file}: {labels} labels for {images} images are one-hot, wanted class labels (`label_format_digit`)"
    )]
    OneHot {
        /// The part of the dataset.
        file: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of label bytes.
        labels: usize,
    },
}

impl DataError {
    /// Creates an error about the contents of a file or folder. Characters of the problem that are
    /// not printable are escaped.
    pub fn invalid(file: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        DataError::Invalid {
            file: file.into(),
            problem: printable(&problem.into()),
            help: None,
        }
    }

    /// Adds what the user can do, if this is [`Invalid`](DataError::Invalid).
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let DataError::Invalid { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    /// Returns the successes, or all errors as one.
    pub(crate) fn all<T>(results: Vec<Result<T, DataError>>) -> Result<Vec<T>, DataError> {
        let (mut done, mut errors) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(value) => done.push(value),
                Err(error) => errors.extend(error.each()),
            }
        }
        match errors.len() {
            0 => Ok(done),
            1 => Err(errors.remove(0)),
            _ => Err(DataError::Several(errors)),
        }
    }

    /// Returns both successes, or all errors as one.
    pub(crate) fn both<A, B>(
        a: Result<A, DataError>,
        b: Result<B, DataError>,
    ) -> Result<(A, B), DataError> {
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(a), Err(b)) => Err(DataError::Several(
                a.each().into_iter().chain(b.each()).collect(),
            )),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Returns the errors of [`Several`](DataError::Several), or this one.
    pub fn each(self) -> Vec<DataError> {
        match self {
            DataError::Several(errors) => errors,
            error => vec![error],
        }
    }

    /// Returns the file or folder that is affected, if there is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            DataError::Io { file, .. }
            | DataError::NotAFile { file }
            | DataError::Empty { file }
            | DataError::Header { file, .. }
            | DataError::Magic { file, .. }
            | DataError::Element { file, .. }
            | DataError::TooLarge { file, .. }
            | DataError::NoPixels { file, .. }
            | DataError::Length { file, .. }
            | DataError::Kind { file, .. }
            | DataError::Gzip { file, .. }
            | DataError::Picture { file, .. }
            | DataError::NoImages { file }
            | DataError::Counts { file, .. }
            | DataError::Label { file, .. }
            | DataError::Shape { file, .. }
            | DataError::Invalid { file, .. }
            | DataError::Memory { file, .. }
            | DataError::Pixels { file, .. }
            | DataError::OneHot { file, .. }
            | DataError::Missing { folder: file, .. }
            | DataError::Unrecognised { folder: file, .. }
            | DataError::Cache { folder: file, .. } => Some(file),
            DataError::Split { .. }
            | DataError::Folds { .. }
            | DataError::Spec(_)
            | DataError::Unknown { .. }
            | DataError::Unavailable { .. }
            | DataError::Several(_) => None,
        }
    }
}

fn help_line(help: &Option<String>) -> String {
    help.as_ref()
        .map_or(String::new(), |help| format!("\n  help: {help}"))
}

fn lines(errors: &[DataError]) -> String {
    let lines: Vec<_> = errors.iter().map(DataError::to_string).collect();
    lines.join("\n")
}

fn unrecognised(has_folders: bool) -> &'static str {
    match has_folders {
        true => "put the pictures of each class into a subfolder with its name",
        false => "a folder of pictures needs a subfolder for each class",
    }
}

fn magic(magic: u32) -> String {
    let bytes = magic.to_be_bytes();
    let meaning = match magic {
        0x0801 => " (labels)".to_string(),
        0x0803 => " (images)".to_string(),
        _ if bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ') => {
            format!(" (text {:?})", String::from_utf8_lossy(&bytes))
        }
        _ => String::new(),
    };
    format!("0x{magic:08x}{meaning}")
}

fn element(code: u8) -> String {
    let name = match code {
        0x09 => "signed byte",
        0x0b => "int16",
        0x0c => "int32",
        0x0d => "float32",
        0x0e => "float64",
        _ => "unknown",
    };
    format!("0x{code:02x} ({name})")
}

fn count(found: Option<u64>) -> String {
    found.map_or("more".to_string(), |n| n.to_string())
}

fn range(classes: usize) -> String {
    match classes {
        0 => "no classes".to_string(),
        n => format!("classes 0..{}", n - 1),
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!("did you mean `{name}`? "))
}

/// Quotes names from outside, and lists the first ones only.
#[cfg(feature = "tables")]
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<_> = names.iter().map(|name| quote(name.as_ref())).collect();
    listing(&names)
}

/// Lists the first names only, since a wrong folder may have thousands of entries.
fn listing(names: &[String]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        0 => "nothing".to_string(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}
