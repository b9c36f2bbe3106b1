//! What can be wrong with data from outside.

use std::{io, path::PathBuf};

use crate::FileKind;

/// A fault in a file, a folder or a name. Each names the thing, what was found and what was expected.
///
/// `file` is the path, or the name given with bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused.
    #[error("{file}: cannot {doing}: {reason}")]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What was tried: `open`, `read`, `write`, …
        doing: &'static str,
        /// The system's own error.
        reason: io::Error,
    },
    /// A folder stands where a file is wanted.
    #[error("{file}: is a folder, wanted a file")]
    NotAFile {
        /// The folder.
        file: PathBuf,
    },
    /// A file stands where a folder is wanted.
    #[error("{file}: is a file, wanted a folder that holds the four IDX files")]
    NotAFolder {
        /// The file.
        file: PathBuf,
    },
    /// The file has no byte, as after a failed download.
    #[error("{file}: is empty, wanted an IDX file")]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The file ends inside its header.
    #[error("{file}: the header is truncated: wanted {wanted} bytes, found {found}")]
    Header {
        /// The file.
        file: PathBuf,
        /// Bytes that the header has.
        wanted: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The first four bytes are others.
    #[error("{file}: found magic {}, wanted {}", magic(*.found), magic(*.wanted))]
    Magic {
        /// The file.
        file: PathBuf,
        /// The first four bytes, big-endian.
        found: u32,
        /// What they should be.
        wanted: u32,
    },
    /// An IDX file of numbers that are not bytes.
    #[error("{file}: found elements of type {}, wanted 0x08 (unsigned byte)", element(*.code))]
    Element {
        /// The file.
        file: PathBuf,
        /// The type code, the third byte of the file.
        code: u8,
    },
    /// Sizes whose product cannot be counted, or that IDX cannot hold.
    #[error("{file}: sizes {sizes:?} are too large")]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The sizes, outermost first.
        sizes: Vec<u64>,
    },
    /// Images without pixels.
    #[error("{file}: images of {rows}x{cols} pixels, wanted at least 1x1")]
    NoPixels {
        /// The file.
        file: PathBuf,
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        cols: usize,
    },
    /// More or fewer bytes than the header announces.
    #[error("{file}: wanted {wanted} bytes after the header, found {}", count(*.found))]
    Length {
        /// The file.
        file: PathBuf,
        /// Bytes that the header announces.
        wanted: u64,
        /// Bytes that are there; `None` when there are more and the rest was not unpacked.
        found: Option<u64>,
    },
    /// A file of another kind, which its first bytes give away.
    #[error("{file}: {}", .found.instead_of(.wanted))]
    Kind {
        /// The file.
        file: PathBuf,
        /// What it is.
        found: FileKind,
        /// What it should be.
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
    /// A picture of a kind that is not read, too large, or damaged.
    #[error("{file}: {problem}")]
    Picture {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A set without images, where some are needed.
    #[error("{file}: holds no images")]
    NoImages {
        /// The image file.
        file: PathBuf,
    },
    /// Images and labels differ in number.
    #[error("{file}: {images} images but {labels} labels")]
    Counts {
        /// The label file.
        file: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label outside the classes.
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
    /// Training and test images differ in size.
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
    /// More is to be held out than there is.
    #[error("{wanted} of {found} images cannot be held out: at least one must remain")]
    Split {
        /// Images to hold out.
        wanted: usize,
        /// Images there are.
        found: usize,
    },
    /// Neither a name nor a folder.
    #[error("{}: no data set of this name and no such folder; {}known names: {}",
            .name.display(), suggestion(*.nearest), .known.join(", "))]
    Unknown {
        /// What was asked for.
        name: PathBuf,
        /// The known name most like it.
        nearest: Option<&'static str>,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// A known name whose files are not here.
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
        /// What the file would be: `training images`, …
        role: &'static str,
        /// The names looked for.
        wanted: Vec<String>,
        /// The names of what the folder holds, sorted.
        found: Vec<String>,
    },
    /// Pixels from the `mnist` crate that make no whole number of images.
    #[error("{file}: {found} pixels are not a whole number of {rows}x{cols} images")]
    Pixels {
        /// Which part.
        file: PathBuf,
        /// Number of pixels.
        found: usize,
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        cols: usize,
    },
    /// One-hot labels from the `mnist` crate.
    #[error(
        "{file}: {labels} labels for {images} images are one-hot, wanted class labels (`label_format_digit`)"
    )]
    OneHot {
        /// Which part.
        file: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of label bytes.
        labels: usize,
    },
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

/// The first names only: a wrong folder may hold thousands.
fn listing(names: &[String]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        0 => "nothing".to_string(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}
